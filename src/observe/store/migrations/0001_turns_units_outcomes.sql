-- The first schema. Both engines run this file; a line that begins with `--sqlite` or `--postgres` is for that one alone.
-- Times are milliseconds since 1970 UTC, identities 16 bytes, flags 0 or 1.

-- One row for each attempt at a turn. `attempt` begins with the time, so that rows are written and dropped in order.
CREATE TABLE groundwire_turns (
    attempt BYTEA NOT NULL,
    day BIGINT NOT NULL,
    time BIGINT NOT NULL,
    turn BYTEA,
    parent BYTEA,
    conversation BYTEA,
    conversation_source TEXT,
    conversation_given BYTEA,
    unit BYTEA,
    unit_source TEXT,
    experiment TEXT,
    version BIGINT,
    arm TEXT,
    propensity DOUBLE PRECISION,
    dialect TEXT NOT NULL,
    model TEXT,
    stream BIGINT,
    need_proceed DOUBLE PRECISION,
    need_assume DOUBLE PRECISION,
    need_ask DOUBLE PRECISION,
    judged_gap TEXT,
    user_act TEXT,
    emotion DOUBLE PRECISION,
    tokens BIGINT,
    classifier TEXT,
    triggered BIGINT NOT NULL,
    policy TEXT NOT NULL,
    config TEXT NOT NULL,
    act TEXT NOT NULL,
    delivery TEXT NOT NULL,
    gap TEXT,
    reason TEXT,
    bypass TEXT,
    held_back TEXT,
    request_id TEXT,
    traceparent TEXT,
    request_bytes BIGINT NOT NULL,
    added_bytes BIGINT NOT NULL,
    read_micros BIGINT NOT NULL,
    own_micros BIGINT NOT NULL,
    judge_micros BIGINT NOT NULL,
    total_micros BIGINT,
    status BIGINT,
    ending TEXT NOT NULL,
    finish_reason TEXT,
    prompt_tokens BIGINT,
    completion_tokens BIGINT,
    cached_tokens BIGINT,
    first_token_micros BIGINT,
    response_bytes BIGINT NOT NULL,
    assistant_acts TEXT,
--sqlite    PRIMARY KEY (attempt)
--postgres    PRIMARY KEY (day, attempt)
--sqlite) WITHOUT ROWID;
--postgres) PARTITION BY RANGE (day);

CREATE INDEX groundwire_turns_unit ON groundwire_turns (unit, experiment, version) WHERE unit IS NOT NULL;
CREATE INDEX groundwire_turns_turn ON groundwire_turns (turn) WHERE unit IS NOT NULL;
CREATE INDEX groundwire_turns_conversation ON groundwire_turns (conversation) WHERE unit IS NOT NULL;
CREATE INDEX groundwire_turns_given ON groundwire_turns (conversation_given) WHERE conversation_given IS NOT NULL;

-- What the application says came of a turn or of a conversation: the last value before a unit's window ends is the one that counts.
CREATE TABLE groundwire_outcomes (
    target BYTEA NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    at BIGINT NOT NULL,
    given BYTEA,
    value DOUBLE PRECISION NOT NULL,
    is_flag BIGINT NOT NULL,
    PRIMARY KEY (target, kind, name, at)
);

CREATE INDEX groundwire_outcomes_given ON groundwire_outcomes (given) WHERE given IS NOT NULL;

-- Versions of experiments as the servers that run them declare them, and what makes outcomes of their units' turns.
CREATE TABLE groundwire_experiments (
    experiment TEXT NOT NULL,
    version BIGINT NOT NULL,
    window_millis BIGINT NOT NULL,
    within_turns BIGINT NOT NULL,
    definition TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    PRIMARY KEY (experiment, version)
);

-- Units whose turns changed since they were last rolled up; `batch` tells the writers of one unit apart, so that what is
-- not committed yet is never taken for rolled up.
CREATE TABLE groundwire_pending (
    experiment TEXT NOT NULL,
    version BIGINT NOT NULL,
    unit BYTEA NOT NULL,
    batch BYTEA NOT NULL,
    turns BIGINT NOT NULL,
    PRIMARY KEY (experiment, version, unit, batch)
);

-- One row a unit: all that a report reads. What is counted is told on the manual's page on outcomes.
CREATE TABLE groundwire_units (
    experiment TEXT NOT NULL,
    version BIGINT NOT NULL,
    unit BYTEA NOT NULL,
    arm TEXT NOT NULL,
    mixed BIGINT NOT NULL,
    crowded BIGINT NOT NULL,
    frozen BIGINT NOT NULL,
    late BIGINT NOT NULL,
    records BIGINT NOT NULL,
    touched BIGINT NOT NULL,
    conversations BIGINT NOT NULL,
    turns BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    before_turns BIGINT NOT NULL,
    before_negative BIGINT NOT NULL,
    triggered_at BIGINT,
    window_ends BIGINT,
    resolved BIGINT,
    in_turns BIGINT NOT NULL,
    in_conversations BIGINT NOT NULL,
    triggers BIGINT NOT NULL,
    acted BIGINT NOT NULL,
    asked BIGINT NOT NULL,
    questions BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    abandoned BIGINT NOT NULL,
    left_after_answer BIGINT NOT NULL,
    repair BIGINT NOT NULL,
    challenge BIGINT NOT NULL,
    reformulation BIGINT NOT NULL,
    clarification BIGINT NOT NULL,
    hedge BIGINT NOT NULL,
    acknowledgment BIGINT NOT NULL,
    topic_switch BIGINT NOT NULL,
    edit BIGINT NOT NULL,
    regenerate BIGINT NOT NULL,
    retry BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    bypassed BIGINT NOT NULL,
    held_back BIGINT NOT NULL,
    steered BIGINT NOT NULL,
    complied BIGINT NOT NULL,
    watched BIGINT NOT NULL,
    leaked BIGINT NOT NULL,
    metered BIGINT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    cacheable_tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    first_token TEXT NOT NULL,
    own TEXT NOT NULL,
    PRIMARY KEY (experiment, version, unit)
--sqlite) WITHOUT ROWID;
--postgres);

CREATE INDEX groundwire_units_open ON groundwire_units (window_ends) WHERE frozen = 0;

-- Processes that write, so that one that was killed leaves a gap that can be seen.
CREATE TABLE groundwire_writers (
    writer BYTEA NOT NULL PRIMARY KEY,
    started BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    ended BIGINT,
    flush_millis BIGINT NOT NULL,
    written BIGINT NOT NULL,
    dropped BIGINT NOT NULL
);

-- Times of which turns are missing, and why.
CREATE TABLE groundwire_gaps (
    writer BYTEA NOT NULL,
    began BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    turns BIGINT,
    reason TEXT NOT NULL,
    PRIMARY KEY (writer, began, reason)
);
