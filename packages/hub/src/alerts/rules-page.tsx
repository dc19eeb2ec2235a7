import { Act, control, type Faults, type Typed, typedOf } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import { AlertPage } from './pages.tsx';
import { LONGEST_DELAY_MS, RULE_IDS, RULES, type Rule, type RuleId } from './rule.ts';
import { type RuleSetting, settingOf } from './settings.ts';

const MINUTE = 60_000;

export interface RulesPageProps {
  readonly settings: ReadonlyMap<string, RuleSetting>;
  /** What was typed for one of them, and what is wrong with it. */
  readonly tried?: { readonly rule: RuleId; readonly typed: Typed; readonly faults: Faults } | undefined;
}

/** Every rule with its defaults, each a form of its own. */
export function RulesPage({ settings, tried }: RulesPageProps) {
  return (
    <AlertPage tab="rules" aside="they hold for all your nodes, unless a selector says which">
      <ul class="alert-rules">
        {RULE_IDS.map((id) => (
          <RuleForm rule={RULES[id]} own={settings.get(id)} tried={tried?.rule === id ? tried : undefined} />
        ))}
      </ul>
    </AlertPage>
  );
}

function RuleForm({
  rule,
  own,
  tried,
}: {
  rule: Rule;
  own: RuleSetting | undefined;
  tried: RulesPageProps['tried'];
}) {
  const setting = settingOf(rule.id, own);
  const faults = tried?.faults ?? {};
  const names = { minutes: `${rule.id}-minutes`, selector: `${rule.id}-selector` };
  const minutes = tried === undefined ? String(setting.delayMs / MINUTE) : typedOf(tried.typed, 'minutes');
  const selector = tried === undefined ? setting.selector : typedOf(tried.typed, 'selector');
  const enabled = tried === undefined ? setting.enabled : tried.typed['enabled'] !== undefined;
  return (
    <li class="panel alert-rule" id={`rule-${rule.id}`}>
      <div>
        <h2>
          {rule.word} {own !== undefined && <span class="mark">changed by you</span>}
        </h2>
        <p>{rule.rule}</p>
      </div>
      <form method="post" action={href(`/alerts/rules/${rule.id}`)} class="form-row">
        <label class="choice">
          <input type="checkbox" name="enabled" checked={enabled} />
          <span>On</span>
        </label>
        <Small name={names.minutes} label="Delay, minutes" fault={faults['minutes']}>
          <input
            {...control(names.minutes, faults['minutes'])}
            name="minutes"
            value={minutes}
            type="number"
            min={rule.leastDelayMs / MINUTE}
            max={LONGEST_DELAY_MS / MINUTE}
            required
          />
        </Small>
        <Small name={names.selector} label="Only nodes that match" fault={faults['selector']}>
          <input
            {...control(names.selector, faults['selector'])}
            name="selector"
            value={selector}
            placeholder="all of mine"
            maxlength={1_000}
            autocomplete="off"
            spellcheck={false}
          />
        </Small>
        <button type="submit" class="quiet" aria-label={`Save ${rule.word}`}>
          Save
        </button>
        {faults[''] !== undefined && (
          <p class="field-fault" role="alert">
            {faults['']}
          </p>
        )}
      </form>
      {own !== undefined && (
        <Act
          path={`/alerts/rules/${rule.id}/reset`}
          word="Back to the default"
          label={`${rule.word}: back to the default`}
        />
      )}
    </li>
  );
}

function Small({
  name,
  label,
  fault,
  children,
}: {
  name: string;
  label: string;
  fault: string | undefined;
  children?: unknown;
}) {
  return (
    <div class={fault === undefined ? 'field' : 'field is-faulty'}>
      <label for={name}>{label}</label>
      {children as never}
      {fault !== undefined && (
        <p class="field-fault" id={`${name}-fault`} role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
