//! Small invented photographs: a road or wall under a sky with some damage, painted by arithmetic.
//! They stand for what people would photograph and show nobody and no real place.

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

use super::chance::Chance;

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;

/// A picture as JPEG; each number gives another one.
pub fn paint(number: u64) -> Option<Vec<u8>> {
    let mut chance = Chance::new(number.wrapping_mul(7_919) + 17);
    let horizon = chance.between([0.32, 0.46]);
    let sky =
        [chance.between([150.0, 190.0]), chance.between([180.0, 205.0]), chance.between([205.0, 235.0])];
    let tint = chance.between([-18.0, 18.0]);
    let hole = (chance.between([0.3, 0.7]), chance.between([0.62, 0.82]));
    let size = (chance.between([0.08, 0.2]), chance.between([0.05, 0.1]));
    let lean = chance.between([0.35, 0.65]);
    let wall = number % 3 == 1;
    let mut picture = RgbImage::new(WIDTH, HEIGHT);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (u, v) = (f64::from(x) / f64::from(WIDTH), f64::from(y) / f64::from(HEIGHT));
        let grain = (chance.part() - 0.5) * 16.0;
        let mut colour = if v < horizon {
            let fade = v / horizon * 30.0;
            [sky[0] + fade, sky[1] + fade * 0.7, sky[2] + fade * 0.3]
        } else {
            let depth = (v - horizon) / (1.0 - horizon);
            let half = 0.08 + depth * 0.5;
            let road = (u - lean).abs() < half || wall;
            let dark = 20.0 * depth;
            if road {
                [128.0 - dark + tint, 124.0 - dark + tint, 120.0 - dark]
            } else {
                [122.0, 132.0 - dark, 84.0]
            }
        };
        if wall && v < horizon && u > 0.18 && u < 0.86 && v > 0.08 {
            // Courses of bricks with their joints.
            let row = (v * 60.0) as u32;
            let joint = (v * 60.0).fract() < 0.12 || (u * 28.0 + f64::from(row % 2) * 0.5).fract() < 0.06;
            colour = if joint { [176.0, 170.0, 160.0] } else { [150.0 + tint, 92.0, 74.0] };
        }
        let away = ((u - hole.0) / size.0).powi(2) + ((v - hole.1) / size.1).powi(2);
        if away < 1.0 {
            let wet = if number.is_multiple_of(2) { 26.0 } else { 0.0 };
            colour = [58.0 + away * 20.0, 54.0 + away * 20.0 + wet * 0.4, 50.0 + away * 16.0 + wet];
        } else if away < 1.35 {
            colour = colour.map(|part| part + 24.0);
        }
        *pixel = Rgb(colour.map(|part| (part + grain).clamp(0.0, 255.0) as u8));
    }
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 80)).ok()?;
    Some(bytes)
}
