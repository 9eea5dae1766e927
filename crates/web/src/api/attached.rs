//! Files named in a command: each must have been kept before, with the size and kind it claims.

use std::io::Read as _;

use gongzhi_base::FileRef;
use gongzhi_kernel::command::Input;
use gongzhi_kernel::{Fault, FieldFault, Raw, Refusal};
use gongzhi_service::{Failure, Service};

use super::caller::Caller;
use super::problem::Problem;
use crate::app::App;

/// Refuses a command that names files which are not there. Costs nothing without files.
pub async fn verify(app: &App, caller: &Caller, input: &Input) -> Result<(), Problem> {
    let mut named = Vec::new();
    for (field, raw) in input {
        collect(field, raw, &mut named);
    }
    if named.is_empty() {
        return Ok(());
    }
    let check = move |service: &Service| {
        let missing: Vec<FieldFault> = named
            .into_iter()
            .filter(|(_, file)| !is_kept(service, file))
            .map(|(field, _)| FieldFault { field, fault: Fault::NotFile })
            .collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(Failure::Refused(Refusal::Fields(missing))),
        }
    };
    app.read(check).await.map_err(|failure| caller.failure(&failure, app))
}

fn collect(field: &str, raw: &Raw, named: &mut Vec<(String, FileRef)>) {
    match raw {
        Raw::File(file) => named.push((field.to_owned(), file.clone())),
        Raw::List(items) => items.iter().for_each(|item| collect(field, item, named)),
        Raw::Row(cells) => cells.values().for_each(|cell| collect(field, cell, named)),
        _ => {}
    }
}

fn is_kept(service: &Service, file: &FileRef) -> bool {
    let Ok(mut kept) = std::fs::File::open(service.files.path(file.digest)) else { return false };
    let size = kept.metadata().map(|known| known.len());
    let mut head = [0; 5];
    let fits = kept.read(&mut head).is_ok() && first_bytes_fit(&head, &file.media);
    fits && size.is_ok_and(|size| size == file.size)
}

/// Whether a kept file's first bytes are those of the media type that is claimed for it.
fn first_bytes_fit(head: &[u8], media: &str) -> bool {
    match media {
        "image/jpeg" => head.starts_with(&[0xFF, 0xD8, 0xFF]),
        "application/pdf" => head.starts_with(b"%PDF-"),
        office if office.starts_with("application/vnd.openxmlformats-officedocument.") => {
            head.starts_with(b"PK\x03\x04")
        }
        _ => false,
    }
}
