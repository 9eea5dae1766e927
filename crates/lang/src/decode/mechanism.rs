//! A mechanism from its blocks, read as one mapping.

use crate::ast::Mechanism;
use crate::diagnostic::Faults;
use crate::source::Source;

use super::read::{self, Entry, Map, named};
use super::step::{state, step, who_list};
use super::{Draft, field, measure};

/// Reads a mechanism.
pub fn decode(draft: Draft, source: &Source, faults: &mut Faults) -> Mechanism {
    let Draft { name, parts, incomplete } = draft;
    let entries: Vec<Entry<'_>> = parts
        .iter()
        .flat_map(|part| part.entries.iter().map(|(key, node)| Entry { key, node, clause: &part.clause }))
        .collect();
    let text = source.text.as_str();
    let mut map = Map::gathered(name.at, entries);
    map.take("mechanism", faults);
    let version = map.take("version", faults).and_then(|node| read::number(node, 1, 1_000_000, faults));
    // An unreadable first block may hold the name.
    let words = if incomplete {
        let [zh, en] =
            ["zh", "en"].map(|key| map.text(key, faults).map(|word| word.value).unwrap_or_default());
        gongzhi_base::Words::new(zh, en)
    } else {
        map.words(faults)
    };
    let registers = ["place", "unit", "person", "post", "document"].map(|name| (name, ()));
    let register = map.text("register", faults);
    let register = register.filter(|word| read::one_of(word, &registers, faults).is_some());
    let parent = map.text("parent", faults);
    let apart = map.text("apart", faults);
    let lives_at = map.take("lives-at", faults).map(|node| read::levels(node, faults)).unwrap_or_default();
    let number = map.text("number", faults);
    let receipt = map.flag("receipt", faults).unwrap_or(false);
    let [title, place, unit, kind] = ["title", "place", "unit", "kind"].map(|key| map.text(key, faults));
    let readers = map.take("readers", faults).map(|node| who_list(node, faults)).unwrap_or_default();
    let fields = named(map.take_all("fields"), faults);
    let fields = fields.iter().filter_map(|entry| field::decode(entry, text, faults)).collect();
    let states = named(map.take_all("states"), faults);
    let states = states.iter().filter_map(|entry| state(entry, faults)).collect();
    let steps = named(map.take_all("steps"), faults);
    let steps = steps.iter().filter_map(|entry| step(entry, text, faults)).collect();
    let deadlines = named(map.take_all("deadlines"), faults);
    let deadlines = deadlines.iter().filter_map(|entry| measure::deadline(entry, text, faults)).collect();
    let indicators = named(map.take_all("indicators"), faults);
    let indicators = indicators.iter().filter_map(|entry| measure::indicator(entry, text, faults)).collect();
    let all = map.take_all("duplicates");
    map.take("duplicates", faults);
    let duplicates = all.first().and_then(|entry| measure::duplicates(entry.node, entry, faults));
    let notices = named(map.take_all("notices"), faults);
    let notices = notices.iter().filter_map(|entry| crate::notice::decode(entry, text, faults)).collect();
    let views = named(map.take_all("views"), faults);
    let views = views.iter().filter_map(|entry| crate::view::decode(entry, faults)).collect();
    let constraints = named(map.take_all("constraints"), faults);
    let constraints =
        constraints.iter().filter_map(|entry| crate::constraint::decode(entry, text, faults)).collect();
    let all = map.take_all("calendar");
    map.take("calendar", faults);
    let calendar = all.first().and_then(|entry| crate::offer::calendar(entry, faults));
    map.explain(faults);
    let prints = named(map.take_all("prints"), faults);
    let prints = prints.iter().filter_map(|entry| crate::print::decode(entry, text, faults)).collect();
    let sheets = map.take_all("sheet");
    map.take("sheet", faults);
    let sheet = sheets.first().and_then(|entry| crate::sheet::decode(entry, faults));
    let opens = map.take_all("opens");
    map.take("opens", faults);
    let recurs = opens.first().and_then(|entry| super::calendar::recurs(entry, text, faults));
    let all = map.take_all("published");
    map.take("published", faults);
    let published = all.first().and_then(|entry| crate::published::decode(entry, faults));
    map.finish(faults);
    Mechanism {
        document: source.name().to_owned(),
        version: version.map_or(1, |version| version.value as u32),
        words,
        register,
        parent,
        apart,
        lives_at,
        number,
        receipt,
        title,
        place,
        unit,
        kind,
        readers,
        fields,
        states,
        steps,
        deadlines,
        indicators,
        duplicates,
        recurs,
        published,
        notices,
        views,
        sheet,
        prints,
        constraints,
        calendar,
        blocks: parts.iter().map(|part| part.at).collect(),
        incomplete,
        name,
    }
}
