//! `groundwire plan`: how many units an experiment takes, and how long.

use std::io::{Write, stdout};

use clap::Args;

use super::Failure;
use crate::experiment::{Plan as Experiment, Planned};

/// Say how many units an experiment takes, and how long it runs
///
/// Units count once a turn of theirs triggers: the treatment would have acted. Where few do, many must be enrolled. The number holds
/// however often one looks, and whenever one stops.
#[derive(Args)]
#[command(after_help = "Examples:
  Six in ten are resolved, one unit in ten triggers, 2000 new units come a day; five points are to be found:
    groundwire plan --baseline 0.6 --effect 0.05 --trigger-rate 0.1 --units-a-day 2000
  The same where three turns in a hundred trigger, of four a unit:
    groundwire plan --baseline 0.6 --effect 0.05 --turn-rate 0.03 --turns 4 --units-a-day 2000
  A score of 3.9 with a standard deviation of 1.2, three arms, a tenth of the traffic:
    groundwire plan --baseline 3.9 --sd 1.2 --effect 0.1 --trigger-rate 0.1 --units-a-day 5000 --arms 3 --enrol 10")]
pub(super) struct Plan {
    /// The outcome of triggered units without the treatment: a share such as 0.6, or with --sd the mean of a number
    #[arg(long, value_name = "NUMBER")]
    baseline: f64,
    /// The standard deviation of the outcome, where it is a number
    #[arg(long, value_name = "NUMBER")]
    sd: Option<f64>,
    /// The least effect worth finding, absolute: 0.05 of a share is five points
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    effect: f64,
    /// The share of units of which a turn triggers
    #[arg(long, value_name = "SHARE", required_unless_present = "turn_rate")]
    trigger_rate: Option<f64>,
    /// In its place, the share of turns that trigger; see --turns
    #[arg(long, value_name = "SHARE", conflicts_with = "trigger_rate", requires = "turns")]
    turn_rate: Option<f64>,
    /// Turns of a unit while the experiment runs
    #[arg(long, value_name = "NUMBER", requires = "turn_rate")]
    turns: Option<f64>,
    /// New units a day, enrolled or not
    #[arg(long, value_name = "NUMBER")]
    units_a_day: f64,
    /// Per cent of them that are exposed
    #[arg(long, value_name = "PER CENT", default_value_t = 100.0)]
    enrol: f64,
    /// Arms of equal weight, the baseline included
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    arms: u32,
    /// The chance with which the effect is to be found
    #[arg(long, value_name = "SHARE", default_value_t = 0.8)]
    power: f64,
    /// How often an effect may be found that is not there
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    alpha: f64,
    /// Hours from a unit's first trigger until it counts
    #[arg(long, value_name = "NUMBER", default_value_t = 24.0)]
    window_hours: f64,
    /// Print JSON in place of text
    #[arg(long)]
    json: bool,
}

impl Plan {
    pub(super) fn run(self) -> Result<(), Failure> {
        let planned = self.experiment()?.work_out()?;
        let mut out = stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &planned)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", told(&planned))?;
        }
        Ok(())
    }

    fn experiment(&self) -> Result<Experiment, Failure> {
        let trigger_rate = match (self.trigger_rate, self.turn_rate, self.turns) {
            (Some(rate), ..) => rate,
            (None, Some(rate), Some(turns)) if (0.0..=1.0).contains(&rate) && turns > 0.0 => {
                1.0 - (1.0 - rate).powf(turns)
            }
            _ => return Err("--turn-rate must be a share from 0 to 1, and --turns above zero".into()),
        };
        Ok(Experiment {
            baseline: self.baseline,
            deviation: self.sd,
            effect: self.effect,
            trigger_rate,
            units_a_day: self.units_a_day,
            enrol: self.enrol / 100.0,
            arms: self.arms,
            power: self.power,
            alpha: self.alpha,
            window_days: self.window_hours / 24.0,
        })
    }
}

/// The plan in sentences.
fn told(planned: &Planned) -> String {
    let plan = &planned.plan;
    let (scale, unit) = if plan.deviation.is_none() { (100.0, " points") } else { (1.0, "") };
    let effect = |effect: f64| {
        // Three digits that say something.
        let size = (effect * scale).abs().max(1e-12).log10().floor();
        let digits = (2.0 - size).clamp(0.0, 9.0) as usize;
        let text = format!("{:+.digits$}", effect * scale);
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        format!("{text}{unit}")
    };
    let one_in = 1.0 / plan.trigger_rate;
    let mut out = format!(
        "To find {} with a chance of {:.0} %, looking as often as you like, it takes\n\n  {:>10} units that trigger, {} in each of {} arms\n  {:>10} \
         units enrolled for that: one in {one_in:.1} triggers\n  {:>10.1} days, the window of the last unit included\n\n",
        effect(plan.effect),
        100.0 * plan.power,
        planned.horizon,
        planned.triggered_per_arm,
        plan.arms,
        planned.enrolled,
        planned.days,
    );
    if one_in >= 10.0 {
        out.push_str(&format!(
            "Few units trigger, so many must be enrolled: {:.0} of a hundred never see what is tried. They are left out, since to \
             compare all that are enrolled would take {} of them.\n",
            100.0 * (1.0 - plan.trigger_rate),
            planned.without_trigger
        ));
    }
    out.push_str(&format!(
        "Half way there the chance is {:.0} %. A single look at a number fixed in advance would take {} that trigger. An effect that is \
         not there is found with a chance of {:.1} %.\n\n",
        100.0 * planned.power_half_way,
        planned.fixed_sample,
        100.0 * planned.false_alarm
    ));
    out.push_str("The least effect that is found with the same chance after\n\n");
    for row in &planned.detectable {
        let found = match row.effect {
            Some(least) => effect(least),
            None => "none: too few units".to_owned(),
        };
        out.push_str(&format!("  {:>4} days  {:>10} units that trigger  {found}\n", row.days, row.triggered));
    }
    out.push_str(&format!(
        "\nIn the configuration: horizon = {}, window = \"{}h\"\n",
        planned.horizon,
        plan.window_days * 24.0
    ));
    out
}
