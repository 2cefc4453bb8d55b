-- Facts about workflows, and what the fold `workflows` computes from them.

-- A machine says which states a workflow may have and which may follow which.
-- Every version is kept, since transitions name the one that allowed them.
-- superseded_at is NULL in the version that holds now.
CREATE TABLE workflow_machines (
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    version INTEGER NOT NULL CHECK (version >= 1),
    description TEXT,
    states TEXT NOT NULL CHECK (json_valid(states) AND json_type(states) = 'array'),
    initial_states TEXT NOT NULL CHECK (json_valid(initial_states) AND json_type(initial_states) = 'array'),
    final_states TEXT NOT NULL CHECK (json_valid(final_states) AND json_type(final_states) = 'array'),
    transitions TEXT NOT NULL CHECK (json_valid(transitions) AND json_type(transitions) = 'array'),
    saved_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    superseded_at INTEGER,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX workflow_machines_by_name ON workflow_machines (name) WHERE superseded_at IS NULL;

-- One row a transition, never changed but for what follows from later ones:
-- superseded_at is when a transition was recorded that comes after it in the
-- order of (occurred_at, number), or that it came too late for; NULL in the one
-- that says where the workflow stands. A construct that goes is cleared.
CREATE TABLE workflow_transitions (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    workflow_id TEXT NOT NULL CHECK (length(workflow_id) BETWEEN 1 AND 200),
    number INTEGER NOT NULL CHECK (number >= 1),
    machine TEXT CHECK (length(machine) BETWEEN 1 AND 200),
    machine_version INTEGER CHECK (machine_version >= 1),
    project_id TEXT CHECK (length(project_id) BETWEEN 1 AND 200),
    story_id TEXT CHECK (length(story_id) BETWEEN 1 AND 200),
    construct_id TEXT REFERENCES constructs (id),
    from_state TEXT CHECK (length(from_state) BETWEEN 1 AND 200),
    to_state TEXT NOT NULL CHECK (length(to_state) BETWEEN 1 AND 200),
    is_final INTEGER NOT NULL CHECK (is_final IN (0, 1)),
    actor TEXT CHECK (length(actor) BETWEEN 1 AND 200),
    recorded_by TEXT NOT NULL,
    reason TEXT,
    metadata TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    superseded_at INTEGER,
    CHECK ((machine IS NULL) = (machine_version IS NULL)),
    CHECK (is_final = 0 OR machine IS NOT NULL),
    UNIQUE (workflow_id, number)
) STRICT;

CREATE UNIQUE INDEX workflow_transitions_current ON workflow_transitions (workflow_id) WHERE superseded_at IS NULL;
CREATE INDEX workflow_transitions_by_workflow_id ON workflow_transitions (workflow_id, occurred_at, number, id);
CREATE INDEX workflow_transitions_by_occurred_at ON workflow_transitions (occurred_at, number, id);
CREATE INDEX workflow_transitions_by_project_id ON workflow_transitions (project_id, occurred_at, number, id)
    WHERE project_id IS NOT NULL;
CREATE INDEX workflow_transitions_by_story_id ON workflow_transitions (story_id, occurred_at, number, id)
    WHERE story_id IS NOT NULL;
CREATE INDEX workflow_transitions_by_construct_id ON workflow_transitions (construct_id, occurred_at, number, id)
    WHERE construct_id IS NOT NULL;
CREATE INDEX workflow_transitions_by_machine ON workflow_transitions (machine, to_state) WHERE superseded_at IS NULL;
CREATE INDEX workflow_transitions_by_superseded_at ON workflow_transitions (superseded_at)
    WHERE superseded_at IS NOT NULL;

-- From here on, what the fold computes.

CREATE TABLE workflows (
    workflow_id TEXT NOT NULL PRIMARY KEY,
    machine TEXT,
    project_id TEXT,
    story_id TEXT,
    construct_id TEXT,
    state TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'ENDED')),
    since_at INTEGER NOT NULL,
    since_position INTEGER NOT NULL CHECK (since_position >= 1),
    first_at INTEGER NOT NULL,
    transitions INTEGER NOT NULL CHECK (transitions >= 1),
    CHECK (first_at <= since_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX workflows_by_since_at ON workflows (since_at, workflow_id);
CREATE INDEX workflows_by_status ON workflows (status, since_at, workflow_id);
CREATE INDEX workflows_by_state ON workflows (state, since_at, workflow_id);
CREATE INDEX workflows_by_machine ON workflows (machine, since_at, workflow_id) WHERE machine IS NOT NULL;
CREATE INDEX workflows_by_project_id ON workflows (project_id, since_at, workflow_id) WHERE project_id IS NOT NULL;
CREATE INDEX workflows_by_story_id ON workflows (story_id, since_at, workflow_id) WHERE story_id IS NOT NULL;
CREATE INDEX workflows_by_construct_id ON workflows (construct_id, since_at, workflow_id)
    WHERE construct_id IS NOT NULL;

-- The transitions of a workflow in the order of time, among which a late one is put.
CREATE TABLE workflow_steps (
    workflow_id TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    position INTEGER NOT NULL,
    state TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'ENDED')),
    PRIMARY KEY (workflow_id, occurred_at, position)
) STRICT, WITHOUT ROWID;

-- closed_ms: how long it was in the state, without the stretch that it may be in it now.
CREATE TABLE workflow_states (
    workflow_id TEXT NOT NULL,
    state TEXT NOT NULL,
    entries INTEGER NOT NULL CHECK (entries >= 0),
    closed_ms INTEGER NOT NULL CHECK (closed_ms >= 0),
    PRIMARY KEY (workflow_id, state)
) STRICT, WITHOUT ROWID;

-- Which workflows name a construct, so that they can be found when it goes.
CREATE TABLE workflow_constructs (
    construct_id TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    PRIMARY KEY (construct_id, workflow_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE stories (
    story_id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'ENDED')),
    workflows INTEGER NOT NULL CHECK (workflows >= 1),
    open_workflows INTEGER NOT NULL CHECK (open_workflows BETWEEN 0 AND workflows),
    transitions INTEGER NOT NULL CHECK (transitions >= 1),
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX stories_by_last_at ON stories (last_at, story_id);
CREATE INDEX stories_by_status ON stories (status, last_at, story_id);
CREATE INDEX stories_by_project_id ON stories (project_id, last_at, story_id) WHERE project_id IS NOT NULL;

-- open_since_ms: the sum of the instants since when its open workflows are in the state. At any instant, their time in
-- it so far is that many times the instant, less this sum.
CREATE TABLE story_states (
    story_id TEXT NOT NULL,
    state TEXT NOT NULL,
    workflows INTEGER NOT NULL CHECK (workflows >= 0),
    open_workflows INTEGER NOT NULL CHECK (open_workflows BETWEEN 0 AND workflows),
    open_since_ms INTEGER NOT NULL,
    entries INTEGER NOT NULL CHECK (entries >= 0),
    closed_ms INTEGER NOT NULL CHECK (closed_ms >= 0),
    PRIMARY KEY (story_id, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE projects (
    project_id TEXT NOT NULL PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'ENDED')),
    workflows INTEGER NOT NULL CHECK (workflows >= 0),
    open_workflows INTEGER NOT NULL CHECK (open_workflows BETWEEN 0 AND workflows),
    constructs INTEGER NOT NULL CHECK (constructs >= 0),
    open_constructs INTEGER NOT NULL CHECK (open_constructs BETWEEN 0 AND constructs),
    transitions INTEGER NOT NULL CHECK (transitions >= 0),
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    CHECK (workflows + constructs >= 1)
) STRICT, WITHOUT ROWID;

CREATE INDEX projects_by_last_at ON projects (last_at, project_id);
CREATE INDEX projects_by_status ON projects (status, last_at, project_id);

CREATE TABLE project_states (
    project_id TEXT NOT NULL,
    state TEXT NOT NULL,
    workflows INTEGER NOT NULL CHECK (workflows >= 0),
    open_workflows INTEGER NOT NULL CHECK (open_workflows BETWEEN 0 AND workflows),
    open_since_ms INTEGER NOT NULL,
    entries INTEGER NOT NULL CHECK (entries >= 0),
    closed_ms INTEGER NOT NULL CHECK (closed_ms >= 0),
    PRIMARY KEY (project_id, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE project_statuses (
    project_id TEXT NOT NULL,
    status TEXT NOT NULL,
    constructs INTEGER NOT NULL CHECK (constructs >= 1),
    PRIMARY KEY (project_id, status)
) STRICT, WITHOUT ROWID;

-- The project and status that each construct counts for.
CREATE TABLE project_constructs (
    construct_id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT, WITHOUT ROWID;
