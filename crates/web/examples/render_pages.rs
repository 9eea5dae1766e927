//! Writes every sample page in every language to a directory: `cargo run -p gongzhi-web --example render_pages -- DIRECTORY`.
//! `web/shots/shoot.mjs` then takes pictures of them at the width of a phone and of a desktop.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use gongzhi_web::i18n::Lang;
use gongzhi_web::view::sample::{self, Look};
use gongzhi_web::view::{Assets, Theme};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::args().nth(1).ok_or("say which directory to write to")?);
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    let samples = env::args().nth(2).map_or(web.join("shots/samples"), PathBuf::from);
    fs::create_dir_all(&out)?;
    let style = env::args().nth(3).map_or(web.join("styles/main.css"), PathBuf::from);
    fs::copy(style, out.join("main.css"))?;
    let frames = fs::read_to_string(samples.join("frames.json"))?;
    let mut written = 0;
    for entry in fs::read_dir(&samples)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if name == "frames" || path.extension().is_none_or(|ext| ext != "json") {
            continue;
        }
        let source = fs::read_to_string(&path)?;
        for (suffix, theme, large_type) in
            [("", Theme::Light, false), (".dark", Theme::Dark, false), (".large", Theme::Light, true)]
        {
            for lang in Lang::ALL {
                let look = Look {
                    lang,
                    theme,
                    large_type,
                    assets: Assets { css: "main.css".into(), ..Assets::default() },
                };
                let html = sample::render(name, &source, &frames, &look)
                    .map_err(|error| format!("{name}: {error}"))?;
                fs::write(out.join(format!("{name}.{lang}{suffix}.html")), html)?;
                written += 1;
            }
        }
    }
    println!("{written} pages in {}", out.display());
    Ok(())
}
