-- `on_poison`: 0 = what fails for good dies, 1 = it is held. `paused`: 1 = nothing is handed out.
ALTER TABLE queues ADD COLUMN on_poison INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queues ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;

-- Messages that failed for good and stay where they are until a person decides; their sessions wait behind them.
CREATE TABLE held (session INTEGER NOT NULL, message INTEGER NOT NULL, PRIMARY KEY (session, message)) WITHOUT ROWID;
