//! All places of a repository, app by app.

use std::collections::BTreeSet;

use super::Site;
use super::billable::billables;
use super::cx::Cx;
use super::elsewhere::elsewhere;
use super::env::envs;
use super::payer::Payers;
use super::schema::schemas;
use super::signup::signups;
use super::ui::slots;
use super::webhook::webhooks;
use crate::catalog::Catalog;
use crate::fingerprint::Fingerprint;
use crate::resolve::Program;

/// Every place of every app, and the paid calls outside of them. A place in a package that two apps use is reported once, for the first of them. Sorted by
/// kind, then best first, then by file.
pub fn find(program: &Program, catalog: &Catalog, fingerprint: &Fingerprint) -> Vec<Site> {
    look(program, catalog, fingerprint).0
}

/// The places, and for each app, in order, who could pay there.
pub fn look(program: &Program, catalog: &Catalog, fingerprint: &Fingerprint) -> (Vec<Site>, Vec<Payers>) {
    let mut sites: Vec<Site> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut payers: Vec<Payers> = Vec::new();
    for app in &fingerprint.apps {
        let cx = Cx::new(program, catalog, app);
        let found = signups(&cx)
            .into_iter()
            .chain(billables(&cx))
            .chain(schemas(&cx))
            .chain(slots(program, catalog, app))
            .chain(webhooks(program, catalog, app))
            .chain(envs(program, app));
        sites.extend(found.filter(|site| seen.insert(site.id.clone())));
        payers.push(cx.payers().clone());
    }
    sites.extend(
        elsewhere(program, catalog, fingerprint).into_iter().filter(|site| seen.insert(site.id.clone())),
    );
    sites.sort_by(|a, b| {
        let key = |s: &Site| (s.kind, s.file.clone(), s.line);
        a.kind.cmp(&b.kind).then(b.score.total_cmp(&a.score)).then_with(|| key(a).cmp(&key(b)))
    });
    (sites, payers)
}
