//! Connections to a real server with a certificate made for the test.

use gongzhi_testkit::postgres::certificates;

use super::*;
use crate::Untrusted;

/// Whether the server says that a ledger's connection is encrypted.
fn encrypted(url: &str) -> Result<bool, StoreError> {
    let ledger = Postgres::open(url, COUNTY)?;
    ledger.pool.run(async |link| {
        let row = link.first("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await?;
        link::get(&row.expect("this connection"), 0)
    })
}

#[test]
fn a_server_is_believed_as_far_as_its_address_says() {
    let dir = tempfile::tempdir().expect("a directory");
    certificates(dir.path());
    let file = |name: &str| dir.path().join(name);
    let mut cluster = Cluster::own();
    let plain = format!("{}?sslmode=require", cluster.url("postgres"));
    assert_eq!(encrypted(&plain), Err(StoreError::Untrusted(Untrusted::Plain)), "it offers none yet");
    let port = cluster.listen(&file("server.pem"), &file("server.key"));

    let refused = |why| Err(StoreError::Untrusted(why));
    let cases = [
        ("localhost", "disable", None, Ok(false)),
        ("localhost", "prefer", None, Ok(true)),
        ("localhost", "require", None, Ok(true)),
        ("localhost", "require", Some("ca.pem"), Ok(true)),
        ("localhost", "require", Some("other.pem"), refused(Untrusted::Signer)),
        ("localhost", "verify-ca", Some("ca.pem"), Ok(true)),
        ("127.0.0.1", "verify-ca", Some("ca.pem"), Ok(true)),
        ("127.0.0.1", "verify-ca", Some("other.pem"), refused(Untrusted::Signer)),
        ("localhost", "verify-full", Some("ca.pem"), Ok(true)),
        ("localhost", "verify-full", Some("other.pem"), refused(Untrusted::Signer)),
        ("127.0.0.1", "verify-full", Some("ca.pem"), refused(Untrusted::Name)),
        // The server's own certificate, as of one that signed itself.
        ("localhost", "verify-full", Some("server.pem"), Ok(true)),
        ("127.0.0.1", "verify-full", Some("server.pem"), refused(Untrusted::Name)),
    ];
    for (host, mode, root, expected) in cases {
        let root = root.map(|name| file(name).display().to_string());
        let url = format!("postgres://postgres@{host}:{port}/postgres?sslmode={mode}");
        let url = url + &root.iter().map(|root| format!("&sslrootcert={root}")).collect::<String>();
        assert_eq!(encrypted(&url), expected, "{url}");
        let root = root.iter().map(|root| format!("sslrootcert='{root}' ")).collect::<String>();
        let words = format!("host={host} port={port} {root}user=postgres dbname=postgres sslmode={mode}");
        assert_eq!(encrypted(&words), expected, "{words}");
    }
    // Encrypted it works as without.
    let ledger = Postgres::open(
        &format!(
            "postgres://postgres@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={}",
            file("ca.pem").display()
        ),
        COUNTY,
    )
    .expect("opens");
    let mut book = Book::new(Box::new(ledger));
    book.put((1..=20).map(record).collect()).expect("committed");
    assert_eq!(book.ledger.rows(&[id(7)]).expect("rows").len(), 1);
}
