//! The list of looks at personal values.

use gongzhi_base::Timestamp;
use tokio_postgres::types::ToSql;

use super::error::Done;
use super::link::{Link, Step, arg, count, get, step};
use crate::{Batch, Look, LookQuery};

/// Adds the looks of a batch; the same one again changes nothing.
pub(super) fn put<'a>(county: &'a str, batch: &'a Batch, steps: &mut Vec<Step<'a>>) {
    let looks = &batch.looks;
    if looks.is_empty() {
        return;
    }
    let sql = "INSERT INTO look (county, at, seq, person)
        SELECT $1, n.* FROM unnest($2::bigint[], $3::bigint[], $4::text[]) AS n ON CONFLICT DO NOTHING";
    let args = vec![
        arg(county),
        arg(looks.iter().map(|look| look.at.0).collect::<Vec<_>>()),
        arg(looks.iter().map(|look| look.seq.cast_signed()).collect::<Vec<_>>()),
        arg(looks.iter().map(|look| look.person.as_str()).collect::<Vec<_>>()),
    ];
    steps.push(step(sql, args));
}

pub(super) async fn list(link: &Link, county: &str, query: &LookQuery) -> Done<Vec<Look>> {
    let (at, seq) = query.after.map_or((i64::MAX, i64::MAX), |(at, seq)| (at.0, seq.cast_signed()));
    // Two statements, so that each follows its own index from its end.
    let of = if query.person.is_some() { "AND person = $7" } else { "" };
    let sql = format!(
        "SELECT at, seq, person FROM look WHERE county = $1 AND at >= $2 AND at < $3 AND (at, seq) < ($4, $5) {of}
         ORDER BY at DESC, seq DESC LIMIT $6"
    );
    let (from, to, limit) = (query.from.0, query.to.0, i64::from(query.limit));
    let mut args: Vec<&(dyn ToSql + Sync)> = vec![&county, &from, &to, &at, &seq, &limit];
    args.extend(query.person.iter().map(|person| person as &(dyn ToSql + Sync)));
    let rows = link.query(&sql, &args).await?;
    rows.iter()
        .map(|row| Ok(Look { at: Timestamp(get(row, 0)?), seq: count(row, 1)?, person: get(row, 2)? }))
        .collect()
}
