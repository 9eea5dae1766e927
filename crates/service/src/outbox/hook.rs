//! Messages to chat robots and programs over HTTP, in the forms that they take.
//!
//! A person types the address, so it is looked at twice: as it is written, and at the moment of
//! sending, when its name has become numbers. Nothing inside the county's own network is reached
//! unless the administrator allows the host.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gongzhi_base::Timestamp;
use gongzhi_store::outbox::Message;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::choice::ChoiceFault;
use super::send::Miss;

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// As much of an answer is read.
const ANSWER: u64 = 16 * 1024;

/// The form in which a message is put.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// JSON for programs, signed as the Standard Webhooks specification says.
    #[default]
    Json,
    /// A robot of DingTalk; signed when it has a secret.
    Dingtalk,
    /// A robot of WeCom; its secret is in its address.
    Wecom,
    /// A robot of Feishu or Lark; signed when it has a secret.
    Feishu,
}

impl Form {
    /// All forms.
    pub const ALL: [Form; 4] = [Form::Dingtalk, Form::Wecom, Form::Feishu, Form::Json];

    /// The form's word in forms and data.
    pub fn word(self) -> &'static str {
        match self {
            Form::Json => "json",
            Form::Dingtalk => "dingtalk",
            Form::Wecom => "wecom",
            Form::Feishu => "feishu",
        }
    }

    /// Reads the form's word.
    pub fn read(word: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.word() == word)
    }
}

/// An address to which a message may go, as far as its text tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub url: String,
    pub host: String,
    /// Allowed by the administrator: neither TLS nor a public address is asked for.
    pub allowed: bool,
}

impl Target {
    /// Reads a typed address. `hosts` are those that the administrator allows.
    pub fn read(url: &str, hosts: &[String]) -> Result<Target, ChoiceFault> {
        let uri: Uri = url.trim().parse().map_err(|_| ChoiceFault::Url)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(ChoiceFault::Url);
        };
        // A name before the host would be sent along in clear, and hides the host from its reader.
        if !matches!(scheme, "http" | "https") || authority.as_str().contains('@') || url.len() > 500 {
            return Err(ChoiceFault::Url);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let allowed = hosts.iter().any(|known| known.eq_ignore_ascii_case(&host));
        if !allowed {
            if scheme != "https" {
                return Err(ChoiceFault::Plain);
            }
            let local = host == "localhost" || host.ends_with(".localhost") || !host.contains(['.', ':']);
            if local || host.parse().is_ok_and(|ip| !public(ip)) {
                return Err(ChoiceFault::Inside);
            }
        }
        Ok(Target { url: url.trim().to_owned(), host, allowed })
    }
}

/// Whether an address belongs to the public network.
pub fn public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => public_v4(ip),
        IpAddr::V6(ip) => public_v6(ip),
    }
}

/// IANA's special-purpose addresses are none.
fn public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = match a {
        0 | 10 | 127 => true,
        100 => b & 0xc0 == 64,
        169 => b == 254,
        172 => b & 0xf0 == 16,
        192 => b == 168 || b == 0 && (c == 0 || c == 2) || b == 88 && c == 99,
        198 => b & 0xfe == 18 || b == 51 && c == 100,
        203 => b == 0 && c == 113,
        a => a >= 224,
    };
    !special
}

fn public_v6(ip: Ipv6Addr) -> bool {
    let part = ip.segments();
    // Addresses that carry another one are as public as that.
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match part {
        [0, 0, 0, 0, 0, 0xffff, high, low] => inner(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        [0x2002, high, low, ..] => inner(high, low),
        [0x2001, second, ..] => second > 0x1ff && second != 0xdb8,
        // Everything else that is public lies in 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// What is sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// A message in a robot's form. `link` is the whole address of the page.
pub fn request(
    form: Form,
    url: &str,
    secret: &str,
    message: &Message,
    link: &str,
    now: Timestamp,
) -> Request {
    let text = format!("{}\n{link}", message.text);
    let mut url = url.to_owned();
    let mut headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
    let body = match form {
        Form::Dingtalk => {
            if !secret.is_empty() {
                let millis = now.0.to_string();
                let sign = sign(secret.as_bytes(), format!("{millis}\n{secret}").as_bytes());
                let sign = sign.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
                let join = if url.contains('?') { '&' } else { '?' };
                url.push_str(&format!("{join}timestamp={millis}&sign={sign}"));
            }
            json!({ "msgtype": "text", "text": { "content": text } })
        }
        Form::Wecom => json!({ "msgtype": "text", "text": { "content": text } }),
        Form::Feishu => {
            let mut body = json!({ "msg_type": "text", "content": { "text": text } });
            if !secret.is_empty() {
                let seconds = (now.0 / 1_000).to_string();
                body["sign"] = sign(format!("{seconds}\n{secret}").as_bytes(), b"").into();
                body["timestamp"] = seconds.into();
            }
            body
        }
        Form::Json => json!({
            "id": message.id.to_string(),
            "person": message.person,
            "at": message.made.rfc3339(),
            "subject": message.subject,
            "text": message.text,
            "link": link,
        }),
    };
    let body = body.to_string();
    if form == Form::Json {
        let (id, seconds) = (message.id.to_string(), (now.0 / 1_000).to_string());
        if !secret.is_empty() {
            let sign = sign(secret.as_bytes(), format!("{id}.{seconds}.{body}").as_bytes());
            headers.push(("webhook-signature", format!("v1,{sign}")));
        }
        headers.push(("idempotency-key", id.clone()));
        headers.push(("webhook-id", id));
        headers.push(("webhook-timestamp", seconds));
    }
    Request { url, headers, body }
}

fn sign(key: &[u8], text: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(text);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Whether an answer says that the message was taken.
fn taken(form: Form, status: u16, answer: &str) -> Result<(), Miss> {
    let told: String = answer.chars().take(200).collect();
    if !(200..300).contains(&status) {
        let words = format!("HTTP {status} {told}");
        // What the other side does not want it will not want later either, except for what says so.
        let later = status >= 500 || matches!(status, 408 | 425 | 429);
        return Err(if later { Miss::later(words) } else { Miss::never(words) });
    }
    if form == Form::Json {
        return Ok(());
    }
    // Robots say in the body what went wrong, under one of these names.
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let code = ["errcode", "code", "StatusCode"].iter().find_map(|name| answer[*name].as_i64());
    match code {
        Some(0) => Ok(()),
        _ => Err(Miss::later(told)),
    }
}

/// Looks names up and lets only public addresses through, unless the host is allowed.
struct Guard {
    inner: DefaultResolver,
    allowed: bool,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        if !self.allowed && found.iter().any(|address| !public(address.ip())) {
            return Err(ureq::Error::Io(std::io::Error::other("the address lies inside the network")));
        }
        Ok(found)
    }
}

/// Sends one message; takes as long as [`PATIENCE`] at the most.
pub fn send(form: Form, target: &Target, request: &Request) -> Result<(), Miss> {
    let tls = ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build();
    let config = ureq::config::Config::builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        // What was looked at is what is reached: no detours, neither by the server nor by a proxy.
        .max_redirects(0)
        .proxy(None)
        .https_only(!target.allowed)
        .user_agent("gongzhi")
        .tls_config(tls)
        .build();
    let guard = Guard { inner: DefaultResolver::default(), allowed: target.allowed };
    let agent = ureq::Agent::with_parts(config, DefaultConnector::new(), guard);
    let mut post = agent.post(&request.url);
    for (name, value) in &request.headers {
        post = post.header(*name, value);
    }
    match post.send(&request.body) {
        Ok(mut response) => {
            let status = response.status().as_u16();
            let answer = response.body_mut().with_config().limit(ANSWER).read_to_string().unwrap_or_default();
            taken(form, status, &answer)
        }
        // The address may hold a secret: only the host is told.
        Err(error) => Err(Miss { away: true, ..Miss::later(format!("{}: {}", target.host, words(&error))) }),
    }
}

fn words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::BadUri(_) => "no proper address".to_owned(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use gongzhi_base::Digest;
    use gongzhi_store::outbox::Channel;

    use super::super::send::Missed;
    use super::*;

    #[test]
    fn only_public_addresses_are_reached() {
        let inside = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001::1",
            "100::1",
        ];
        for ip in inside {
            assert!(!public(ip.parse().expect("an address")), "{ip}");
        }
        for ip in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.5.5.5",
            "2400:3200::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(public(ip.parse().expect("an address")), "{ip}");
        }
    }

    #[test]
    fn typed_addresses_are_looked_at() {
        let hosts = ["robot.local".to_owned(), "10.0.0.8".to_owned()];
        let read = |url: &str| Target::read(url, &hosts).map(|target| target.host);
        assert_eq!(
            read(" https://oapi.dingtalk.com/robot/send?access_token=1 "),
            Ok("oapi.dingtalk.com".into())
        );
        assert_eq!(read("http://robot.local:8080/x"), Ok("robot.local".into()));
        assert_eq!(read("http://10.0.0.8/"), Ok("10.0.0.8".into()));
        for (url, fault) in [
            ("", ChoiceFault::Url),
            ("oapi.dingtalk.com", ChoiceFault::Url),
            ("ftp://oapi.dingtalk.com/", ChoiceFault::Url),
            ("https://me@oapi.dingtalk.com/", ChoiceFault::Url),
            ("http://oapi.dingtalk.com/", ChoiceFault::Plain),
            ("https://10.0.0.9/", ChoiceFault::Inside),
            ("https://[::1]/", ChoiceFault::Inside),
            ("https://localhost/", ChoiceFault::Inside),
            ("https://intranet/", ChoiceFault::Inside),
        ] {
            assert_eq!(read(url), Err(fault), "{url}");
        }
    }

    /// The signatures were computed with another program (Python's hmac).
    #[test]
    fn messages_are_put_and_signed_as_robots_want_them() {
        let message = Message {
            id: Digest([7; 32]),
            person: "li".into(),
            channel: Channel::Hook,
            subject: "新诉求".into(),
            text: "新诉求W2026-000001".into(),
            link: "/desk".into(),
            made: Timestamp(0),
            due: Timestamp(0),
            tries: 1,
            error: String::new(),
        };
        let now = Timestamp(1_577_262_236_757);
        let ask = |form, secret| {
            request(form, "https://a.cn/send?access_token=X", secret, &message, "https://b.cn/desk", now)
        };
        let body = |request: &Request| serde_json::from_str::<Value>(&request.body).expect("JSON");
        let ding = ask(Form::Dingtalk, "SECabc");
        assert_eq!(
            ding.url,
            "https://a.cn/send?access_token=X&timestamp=1577262236757&sign=I5TKCOTTj6fad4sJ4q9RsIffw0PAChVQZQGTdtRbNEQ%3D"
        );
        assert_eq!(body(&ding)["text"]["content"], "新诉求W2026-000001\nhttps://b.cn/desk");
        assert_eq!(ask(Form::Dingtalk, "").url, "https://a.cn/send?access_token=X");
        assert_eq!(body(&ask(Form::Wecom, "x"))["msgtype"], "text");
        let feishu = body(&ask(Form::Feishu, "SECabc"));
        assert_eq!(
            (feishu["timestamp"].as_str(), feishu["sign"].as_str()),
            (Some("1577262236"), Some("q2gXNEBXxlTnDhtueiaYbDZXsdS9BBTQ7EINcn+o6gw="))
        );
        let plain = ask(Form::Json, "SECabc");
        let header = |name: &str| {
            plain.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
        };
        let id = "07".repeat(32);
        assert_eq!((header("webhook-id"), header("idempotency-key")), (Some(id.as_str()), Some(id.as_str())));
        let signed = sign(b"SECabc", format!("{id}.1577262236.{}", plain.body).as_bytes());
        assert_eq!(header("webhook-signature"), Some(format!("v1,{signed}").as_str()));
    }

    #[test]
    fn answers_of_robots_are_understood() {
        assert_eq!(taken(Form::Json, 204, ""), Ok(()));
        assert_eq!(taken(Form::Dingtalk, 200, r#"{"errcode":0,"errmsg":"ok"}"#), Ok(()));
        assert_eq!(taken(Form::Feishu, 200, r#"{"StatusCode":0,"StatusMessage":"success"}"#), Ok(()));
        let missed = |form, status, answer| taken(form, status, answer).map_err(|miss| miss.missed);
        assert_eq!(
            missed(Form::Dingtalk, 200, r#"{"errcode":310000,"errmsg":"sign not match"}"#),
            Err(Missed::Later)
        );
        assert_eq!(missed(Form::Wecom, 200, "<html>"), Err(Missed::Later));
        assert_eq!(
            (missed(Form::Json, 503, ""), missed(Form::Json, 429, "")),
            (Err(Missed::Later), Err(Missed::Later))
        );
        assert_eq!(
            (missed(Form::Json, 404, ""), missed(Form::Json, 302, "")),
            (Err(Missed::Never), Err(Missed::Never))
        );
    }
}
