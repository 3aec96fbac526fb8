-- Version 2: the camera and the place, as EXIF gives them.
ALTER TABLE contents ADD COLUMN camera TEXT;
ALTER TABLE contents ADD COLUMN latitude REAL;
ALTER TABLE contents ADD COLUMN longitude REAL;
