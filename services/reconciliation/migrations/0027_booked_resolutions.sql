-- A run looks whether rows agree by now that money was moved for.
CREATE INDEX booked_resolutions ON resolutions (break_id) WHERE outcome = 'done' AND link_id <> '';
