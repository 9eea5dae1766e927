//! `gongzhi outgoing`: the county's mail server and the hosts to which chat robots' messages may go.
//! A running server takes changes over with its next message.

use std::path::PathBuf;
use std::sync::Arc;

use gongzhi_base::Timestamp;
use gongzhi_service::ambient::Machine;
use gongzhi_service::outbox::mail::{self, Letterhead};
use gongzhi_service::outbox::send::fresh_id;
use gongzhi_service::outbox::settings::{MailServer, Outgoing, Security};
use gongzhi_service::{Ambient as _, Service};
use gongzhi_store::outbox::{Channel, Message};

use super::Fault;

/// Arguments of `gongzhi outgoing`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: super::open::Held,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print what is set; the password is not printed.
    Show,
    /// Set the server that takes the county's mail.
    Mail(Mail),
    /// Forget the mail server: mail waits until there is one again.
    NoMail,
    /// Let messages go to a host inside the network or without TLS.
    Allow { host: String },
    /// End that.
    Forbid { host: String },
    /// Send one letter and say whether the server took it.
    Test { address: String },
}

#[derive(clap::Args)]
struct Mail {
    /// The server's name.
    #[arg(long)]
    host: String,
    /// Its port; 465 for `tls`, 587 for `starttls`, 25 for `plain` when left out.
    #[arg(long)]
    port: Option<u16>,
    /// How the connection is protected.
    #[arg(long, default_value = "tls", value_parser = ["tls", "starttls", "plain"])]
    security: String,
    /// The name to sign in with; left out for a server that asks for none.
    #[arg(long, requires = "password_file")]
    login: Option<String>,
    /// A file whose first line is the password.
    #[arg(long, value_name = "FILE", requires = "login")]
    password_file: Option<PathBuf>,
    /// The address from which mail is sent.
    #[arg(long, value_name = "ADDRESS")]
    from: String,
}

/// Runs it.
pub fn run(args: &Args) -> Result<(), Fault> {
    let service = args.data.service(Arc::new(Machine))?;
    let mut outgoing = service.outgoing()?;
    match &args.what {
        What::Show => {
            show(&outgoing);
            return Ok(());
        }
        What::Test { address } => return test(&service, &outgoing, address),
        What::Mail(mail) => {
            let server = server(mail)?;
            if let Some(fault) = server.fault() {
                return Err(Fault::new(fault));
            }
            outgoing.mail = Some(server);
        }
        What::NoMail => outgoing.mail = None,
        What::Allow { host } => {
            let host = host.trim().to_ascii_lowercase();
            if host.is_empty() || host.contains(['/', '@', ' ']) {
                return Err(Fault::told("outgoing-host", [("host", host)]));
            }
            if !outgoing.hosts.contains(&host) {
                outgoing.hosts.push(host);
            }
        }
        What::Forbid { host } => {
            let before = outgoing.hosts.len();
            outgoing.hosts.retain(|known| !known.eq_ignore_ascii_case(host.trim()));
            if outgoing.hosts.len() == before {
                return Err(Fault::told("outgoing-not-allowed", [("host", host.clone())]));
            }
        }
    }
    service.set_outgoing(&outgoing)?;
    show(&outgoing);
    Ok(())
}

fn server(mail: &Mail) -> Result<MailServer, Fault> {
    let (security, port) = match mail.security.as_str() {
        "starttls" => (Security::Starttls, 587),
        "plain" => (Security::Plain, 25),
        _ => (Security::Tls, 465),
    };
    let password = match &mail.password_file {
        None => String::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| Fault::file(path, &error))?;
            text.lines().next().unwrap_or_default().to_owned()
        }
    };
    Ok(MailServer {
        host: mail.host.trim().to_owned(),
        port: mail.port.unwrap_or(port),
        security,
        login: mail.login.clone().unwrap_or_default(),
        password,
        from: mail.from.trim().to_owned(),
    })
}

fn show(outgoing: &Outgoing) {
    match &outgoing.mail {
        None => println!("mail\tnone"),
        Some(server) => {
            let who = if server.login.is_empty() { "no login" } else { &server.login };
            println!(
                "mail\t{}:{}\t{:?}\t{who}\tfrom {}",
                server.host, server.port, server.security, server.from
            );
        }
    }
    for host in &outgoing.hosts {
        println!("allowed\t{host}");
    }
}

fn test(service: &Service, outgoing: &Outgoing, address: &str) -> Result<(), Fault> {
    let Some(server) = &outgoing.mail else {
        return Err(Fault::told("outgoing-no-mail", []));
    };
    let now = Machine.now();
    let message = Message {
        id: fresh_id(&Machine),
        person: String::new(),
        channel: Channel::Mail,
        subject: "gongzhi".to_owned(),
        text: "gongzhi outgoing test".to_owned(),
        link: "/".to_owned(),
        made: now,
        due: now,
        tries: 0,
        error: String::new(),
    };
    let state = service.state();
    let lang = gongzhi_base::Lang::Zh;
    let county = state.world.place(&state.world.county).map_or("", |place| place.words.get(lang));
    let head = Letterhead { county, base: "", lang };
    let sent = mail::letter(server, address, &message, &head, Timestamp(now.0))
        .and_then(|letter| mail::send(server, &letter));
    match sent {
        Ok(()) => {
            println!("taken by {}", server.host);
            Ok(())
        }
        Err(miss) => Err(Fault::new(miss.words)),
    }
}
