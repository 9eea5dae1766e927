//! Which place's figures somebody of the staff is shown: the widest one that a post lets them read.

use gongzhi_kernel::Actor;
use gongzhi_lang::model::Level;
use gongzhi_store::{Scope, Within};

use crate::app::App;

/// The widest place, county or township, over which the actor reads records.
pub fn board_place(app: &App, actor: &Actor) -> Option<String> {
    let state = app.service.state();
    let Scope::Any(parts) = app.service.scope(actor) else { return Some(state.world.county.clone()) };
    let places = parts.into_iter().filter_map(|part| match part.within {
        Within::Place(_, code) => Some(code),
        // A township's own office stands for the township; a county department sees its own list only.
        Within::Unit(unit) => {
            let place = state.world.place(&state.world.unit(&unit)?.place)?;
            (place.level == Level::Township).then(|| place.code.clone())
        }
    });
    let wide = places.filter_map(|code| Some((state.world.place(&code)?.level, code)));
    wide.filter(|(level, _)| *level <= Level::Township).min().map(|(_, code)| code)
}
