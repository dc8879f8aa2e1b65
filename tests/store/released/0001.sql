BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE aliases (
	site TEXT NOT NULL, 
	id TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	thing TEXT NOT NULL, 
	CONSTRAINT pk_aliases PRIMARY KEY (site, id)
);
INSERT INTO "aliases" VALUES('plant','t1','2024-03-01 07:30:00.000000','t1');
INSERT INTO "aliases" VALUES('plant','t1b','2024-03-01 07:30:00.000000','t1');
INSERT INTO "aliases" VALUES('z Ж','t1','2024-03-01 07:30:00.000000','t1');
INSERT INTO "aliases" VALUES('z Ж','t1b','2024-03-01 07:30:00.000000','t1');
CREATE TABLE areas (
	site TEXT NOT NULL, 
	area TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME, 
	outline BLOB NOT NULL, 
	west FLOAT NOT NULL, 
	south FLOAT NOT NULL, 
	east FLOAT NOT NULL, 
	north FLOAT NOT NULL, 
	CONSTRAINT pk_areas PRIMARY KEY (site, area, since)
);
INSERT INTO "areas" VALUES('plant','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','2024-03-01 06:30:00.000000',NULL,X'01060000000200000001030000000100000005000000273108AC1C1A24406666666666064940273108AC1C1A2440490C022B870649409A99999999192440490C022B870649409A999999991924406666666666064940273108AC1C1A2440666666666606494001030000000100000005000000AC1C5A643B1F244048E17A14AE074940AC1C5A643B1F24402B8716D9CE0749401F85EB51B81E24402B8716D9CE0749401F85EB51B81E244048E17A14AE074940AC1C5A643B1F244048E17A14AE074940',10.05,50.05,10.061,50.061);
INSERT INTO "areas" VALUES('z Ж','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','2024-03-01 06:30:00.000000',NULL,X'01060000000200000001030000000100000005000000273108AC1C1A24406666666666064940273108AC1C1A2440490C022B870649409A99999999192440490C022B870649409A999999991924406666666666064940273108AC1C1A2440666666666606494001030000000100000005000000AC1C5A643B1F244048E17A14AE074940AC1C5A643B1F24402B8716D9CE0749401F85EB51B81E24402B8716D9CE0749401F85EB51B81E244048E17A14AE074940AC1C5A643B1F244048E17A14AE074940',10.05,50.05,10.061,50.061);
CREATE TABLE caps (
	site TEXT NOT NULL, 
	"case" TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME, 
	cap FLOAT, 
	CONSTRAINT pk_caps PRIMARY KEY (site, "case", unit, since)
);
INSERT INTO "caps" VALUES('plant','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','km2','2024-03-01 07:30:00.000001','2024-03-02 06:30:00.654321',100.25);
INSERT INTO "caps" VALUES('plant','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','km2','2024-03-02 06:30:00.654321',NULL,NULL);
INSERT INTO "caps" VALUES('z Ж','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','km2','2024-03-01 07:30:00.000001','2024-03-02 06:30:00.654321',100.25);
INSERT INTO "caps" VALUES('z Ж','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','km2','2024-03-02 06:30:00.654321',NULL,NULL);
INSERT INTO "caps" VALUES('','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','km2','2024-03-01 07:30:00.000001','2024-03-02 06:30:00.654321',100.25);
INSERT INTO "caps" VALUES('','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','km2','2024-03-02 06:30:00.654321',NULL,NULL);
CREATE TABLE conflicts (
	site TEXT NOT NULL, 
	thing TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME, 
	words TEXT NOT NULL, 
	proposed JSON NOT NULL, 
	holds JSON NOT NULL, 
	resolved TEXT NOT NULL, 
	CONSTRAINT pk_conflicts PRIMARY KEY (site, thing, since)
);
INSERT INTO "conflicts" VALUES('plant','t1','2024-03-02 06:30:00.654321',NULL,'quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','[]','["t3"]','');
INSERT INTO "conflicts" VALUES('plant','t2','2024-03-02 06:30:00.654321',NULL,'quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','[{"id": "t2", "area_m2": 5}]','["t3"]','');
INSERT INTO "conflicts" VALUES('z Ж','t1','2024-03-02 06:30:00.654321',NULL,'quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','[]','["t3"]','');
INSERT INTO "conflicts" VALUES('z Ж','t2','2024-03-02 06:30:00.654321',NULL,'quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','[{"id": "t2", "area_m2": 5}]','["t3"]','');
CREATE TABLE corrections (
	site TEXT NOT NULL, 
	thing TEXT NOT NULL, 
	what TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME, 
	detail JSON NOT NULL, 
	reason TEXT NOT NULL, 
	who TEXT NOT NULL, 
	CONSTRAINT pk_corrections PRIMARY KEY (site, thing, what, since)
);
INSERT INTO "corrections" VALUES('plant','t2','kind','2024-03-01 07:30:00.000001',NULL,'{"kind": "surface"}','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','ann');
INSERT INTO "corrections" VALUES('z Ж','t2','kind','2024-03-01 07:30:00.000001',NULL,'{"kind": "surface"}','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','ann');
CREATE TABLE costs (
	site TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	"case" TEXT NOT NULL, 
	what TEXT NOT NULL, 
	amount FLOAT NOT NULL, 
	unit TEXT NOT NULL, 
	who TEXT NOT NULL, 
	CONSTRAINT pk_costs PRIMARY KEY (site, at)
);
INSERT INTO "costs" VALUES('plant','2024-03-01 07:30:00.000001','','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL',3.00000000000000044408e-01,'eur','ann');
INSERT INTO "costs" VALUES('plant','2024-03-02 06:30:00.654321','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL',-1.0e-07,'eur','ann');
INSERT INTO "costs" VALUES('z Ж','2024-03-01 07:30:00.000001','','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL',3.00000000000000044408e-01,'eur','ann');
INSERT INTO "costs" VALUES('z Ж','2024-03-02 06:30:00.654321','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL',-1.0e-07,'eur','ann');
INSERT INTO "costs" VALUES('','2024-03-01 07:30:00.000001','','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL',3.00000000000000044408e-01,'eur','ann');
INSERT INTO "costs" VALUES('','2024-03-02 06:30:00.654321','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL',-1.0e-07,'eur','ann');
CREATE TABLE entries (
	site TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	who TEXT NOT NULL, 
	what TEXT NOT NULL, 
	thing TEXT NOT NULL, 
	detail JSON NOT NULL, 
	CONSTRAINT pk_entries PRIMARY KEY (site, at)
);
INSERT INTO "entries" VALUES('plant','2024-03-01 06:30:00.000000','ann','site add','','{"source": {"false_alarms": 1.0, "catalogs": [{"name": null, "url": "https://stac.test/v1", "collection": "s2"}]}}');
INSERT INTO "entries" VALUES('plant','2024-03-01 07:30:00.000000','sitewatch','watch','','{"answer": "2 structures", "searched": true}');
INSERT INTO "entries" VALUES('plant','2024-03-01 07:30:00.000001','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','review','t1','{}');
INSERT INTO "entries" VALUES('plant','2024-03-02 06:30:00.654321','sitewatch','watch','','{}');
INSERT INTO "entries" VALUES('z Ж','2024-03-01 06:30:00.000000','ann','site add','','{"source": {"false_alarms": 1.0, "catalogs": [{"name": null, "url": "https://stac.test/v1", "collection": "s2"}]}}');
INSERT INTO "entries" VALUES('z Ж','2024-03-01 07:30:00.000000','sitewatch','watch','','{"answer": "2 structures", "searched": true}');
INSERT INTO "entries" VALUES('z Ж','2024-03-01 07:30:00.000001','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','review','t1','{}');
INSERT INTO "entries" VALUES('z Ж','2024-03-02 06:30:00.654321','sitewatch','watch','','{}');
INSERT INTO "entries" VALUES('','2024-03-01 06:30:00.000000','ann','event','','{}');
CREATE TABLE events (
	site TEXT NOT NULL, 
	event TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME, 
	began DATETIME NOT NULL, 
	ended DATETIME NOT NULL, 
	title TEXT NOT NULL, 
	source TEXT NOT NULL, 
	withdrawn BOOLEAN NOT NULL, 
	CONSTRAINT pk_events PRIMARY KEY (site, event, since)
);
INSERT INTO "events" VALUES('plant','launch','2024-03-01 07:30:00.000001',NULL,'0001-01-01 00:00:00.000000','9999-12-31 23:59:59.999999','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','',0);
INSERT INTO "events" VALUES('z Ж','launch','2024-03-01 07:30:00.000001',NULL,'0001-01-01 00:00:00.000000','9999-12-31 23:59:59.999999','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','',0);
INSERT INTO "events" VALUES('','launch','2024-03-01 07:30:00.000001',NULL,'0001-01-01 00:00:00.000000','9999-12-31 23:59:59.999999','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','',0);
CREATE TABLE forecasts (
	site TEXT NOT NULL, 
	forecast TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	issued DATETIME NOT NULL, 
	event TEXT NOT NULL, 
	first DATETIME NOT NULL, 
	last DATETIME NOT NULL, 
	author TEXT NOT NULL, 
	probability FLOAT NOT NULL, 
	base FLOAT, 
	detail JSON NOT NULL, 
	CONSTRAINT pk_forecasts PRIMARY KEY (site, forecast)
);
INSERT INTO "forecasts" VALUES('plant','f1','2024-03-01 07:30:00.000001','2024-03-01 06:30:00.000000','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','2024-03-01 07:30:00.000001','2024-03-02 06:30:00.654321','ann',0.1,NULL,'{"days": [0.5, 1e-09], "case": "quotes \" '' \\ ; line\nbreak\r\n\ttab, \u0416 \u96fb \u00e9 \ud83c\udfd7 \u2028 \u007f {json} <xml> %s NULL"}');
INSERT INTO "forecasts" VALUES('z Ж','f1','2024-03-01 07:30:00.000001','2024-03-01 06:30:00.000000','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','2024-03-01 07:30:00.000001','2024-03-02 06:30:00.654321','ann',0.1,NULL,'{"days": [0.5, 1e-09], "case": "quotes \" '' \\ ; line\nbreak\r\n\ttab, \u0416 \u96fb \u00e9 \ud83c\udfd7 \u2028 \u007f {json} <xml> %s NULL"}');
INSERT INTO "forecasts" VALUES('','f1','2024-03-01 07:30:00.000001','2024-03-01 06:30:00.000000','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','2024-03-01 07:30:00.000001','2024-03-02 06:30:00.654321','ann',0.1,NULL,'{"days": [0.5, 1e-09], "case": "quotes \" '' \\ ; line\nbreak\r\n\ttab, \u0416 \u96fb \u00e9 \ud83c\udfd7 \u2028 \u007f {json} <xml> %s NULL"}');
CREATE TABLE lineage (
	site TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	thing TEXT NOT NULL, 
	other TEXT NOT NULL, 
	what TEXT NOT NULL, 
	CONSTRAINT pk_lineage PRIMARY KEY (site, since, thing, other)
);
INSERT INTO "lineage" VALUES('plant','2024-03-01 07:30:00.000001','t2','t1','split');
INSERT INTO "lineage" VALUES('z Ж','2024-03-01 07:30:00.000001','t2','t1','split');
CREATE TABLE looks (
	site TEXT NOT NULL, 
	scene TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME, 
	sensor TEXT NOT NULL, 
	captured DATETIME, 
	whole_day BOOLEAN NOT NULL, 
	published DATETIME NOT NULL, 
	published_is_recorded BOOLEAN NOT NULL, 
	outcome TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	clear_share FLOAT, 
	shift_m FLOAT, 
	detail JSON NOT NULL, 
	footprint BLOB, 
	west FLOAT, 
	south FLOAT, 
	east FLOAT, 
	north FLOAT, 
	CONSTRAINT pk_looks PRIMARY KEY (site, scene, since)
);
INSERT INTO "looks" VALUES('plant','scene-1','2024-03-01 07:30:00.000000',NULL,'sentinel-2','2024-02-26 02:30:00.000999',0,'2024-02-26 03:30:00.000000',0,'used','',0.75,NULL,'{"light": 0.5, "clear_share_of_areas": {"b": 1.0, "a": 0.25}}',X'01030000000100000005000000CDCCCCCCCCCC24403333333333F34840CDCCCCCCCCCC24403333333333334940CDCCCCCCCCCC23403333333333334940CDCCCCCCCCCC23403333333333F34840CDCCCCCCCCCC24403333333333F34840',9.9,49.9,10.4,50.4);
INSERT INTO "looks" VALUES('plant','scène 2','2024-03-01 07:30:00.000000','2024-03-02 06:30:00.654321','sentinel-2','2024-02-26 02:30:00.000999',0,'2024-02-26 03:30:00.000000',0,'could not see','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL',NULL,NULL,'{"light": 0.5, "clear_share_of_areas": {"b": 1.0, "a": 0.25}}',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "looks" VALUES('plant','scène 2','2024-03-02 06:30:00.654321',NULL,'sentinel-2',NULL,1,'2024-02-26 03:30:00.000000',0,'failed','',0.75,NULL,'{"light": 0.5, "clear_share_of_areas": {"b": 1.0, "a": 0.25}}',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "looks" VALUES('z Ж','scene-1','2024-03-01 07:30:00.000000',NULL,'sentinel-2','2024-02-26 02:30:00.000999',0,'2024-02-26 03:30:00.000000',0,'used','',0.75,NULL,'{"light": 0.5, "clear_share_of_areas": {"b": 1.0, "a": 0.25}}',X'01030000000100000005000000CDCCCCCCCCCC24403333333333F34840CDCCCCCCCCCC24403333333333334940CDCCCCCCCCCC23403333333333334940CDCCCCCCCCCC23403333333333F34840CDCCCCCCCCCC24403333333333F34840',9.9,49.9,10.4,50.4);
INSERT INTO "looks" VALUES('z Ж','scène 2','2024-03-01 07:30:00.000000','2024-03-02 06:30:00.654321','sentinel-2','2024-02-26 02:30:00.000999',0,'2024-02-26 03:30:00.000000',0,'could not see','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL',NULL,NULL,'{"light": 0.5, "clear_share_of_areas": {"b": 1.0, "a": 0.25}}',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "looks" VALUES('z Ж','scène 2','2024-03-02 06:30:00.654321',NULL,'sentinel-2',NULL,1,'2024-02-26 03:30:00.000000',0,'failed','',0.75,NULL,'{"light": 0.5, "clear_share_of_areas": {"b": 1.0, "a": 0.25}}',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE names (
	site TEXT NOT NULL, 
	thing TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME, 
	name TEXT NOT NULL, 
	CONSTRAINT pk_names PRIMARY KEY (site, thing, since)
);
INSERT INTO "names" VALUES('plant','t1','2024-03-01 07:30:00.000001',NULL,'shelter');
INSERT INTO "names" VALUES('z Ж','t1','2024-03-01 07:30:00.000001',NULL,'shelter');
CREATE TABLE notes (
	site TEXT NOT NULL, 
	thing TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	who TEXT NOT NULL, 
	text TEXT NOT NULL, 
	CONSTRAINT pk_notes PRIMARY KEY (site, thing, at)
);
INSERT INTO "notes" VALUES('plant','','2024-03-02 06:30:00.654321','ann','');
INSERT INTO "notes" VALUES('z Ж','','2024-03-02 06:30:00.654321','ann','');
CREATE TABLE presences (
	site TEXT NOT NULL, 
	thing TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	number INTEGER NOT NULL, 
	erected_after DATETIME, 
	erected_by DATETIME, 
	dismantled_after DATETIME, 
	dismantled_by DATETIME, 
	state TEXT NOT NULL, 
	probability FLOAT NOT NULL, 
	evidence JSON NOT NULL, 
	phases JSON NOT NULL, 
	CONSTRAINT pk_presences PRIMARY KEY (site, thing, since, number)
);
INSERT INTO "presences" VALUES('plant','t1','2024-03-01 07:30:00.000000',0,'2024-02-09 10:30:00.000000','2024-02-13 14:30:00.123456',NULL,NULL,'confirmed',0.875,'["scene-1", "sc\u00e8ne 2"]','[]');
INSERT INTO "presences" VALUES('plant','t1','2024-03-01 07:30:00.000001',0,'2024-02-09 10:30:00.000000','2024-02-13 14:30:00.123456','2024-02-29 20:30:00.000000','2024-02-29 21:30:00.000000','confirmed',0.875,'["scene-1", "sc\u00e8ne 2"]','[]');
INSERT INTO "presences" VALUES('plant','t1','2024-03-01 07:30:00.000001',1,'2024-03-01 01:30:00.000000','2024-03-01 02:30:00.000000',NULL,NULL,'first',0.875,'["scene-1", "sc\u00e8ne 2"]','[]');
INSERT INTO "presences" VALUES('plant','t2','2024-03-01 07:30:00.000001',0,NULL,NULL,'2024-02-29 20:30:00.000000','2024-02-29 21:30:00.000000','confirmed',0.875,'["scene-1", "sc\u00e8ne 2"]','[]');
INSERT INTO "presences" VALUES('z Ж','t1','2024-03-01 07:30:00.000000',0,'2024-02-09 10:30:00.000000','2024-02-13 14:30:00.123456',NULL,NULL,'confirmed',0.875,'["scene-1", "sc\u00e8ne 2"]','[]');
INSERT INTO "presences" VALUES('z Ж','t1','2024-03-01 07:30:00.000001',0,'2024-02-09 10:30:00.000000','2024-02-13 14:30:00.123456','2024-02-29 20:30:00.000000','2024-02-29 21:30:00.000000','confirmed',0.875,'["scene-1", "sc\u00e8ne 2"]','[]');
INSERT INTO "presences" VALUES('z Ж','t1','2024-03-01 07:30:00.000001',1,'2024-03-01 01:30:00.000000','2024-03-01 02:30:00.000000',NULL,NULL,'first',0.875,'["scene-1", "sc\u00e8ne 2"]','[]');
INSERT INTO "presences" VALUES('z Ж','t2','2024-03-01 07:30:00.000001',0,NULL,NULL,'2024-02-29 20:30:00.000000','2024-02-29 21:30:00.000000','confirmed',0.875,'["scene-1", "sc\u00e8ne 2"]','[]');
CREATE TABLE resolutions (
	site TEXT NOT NULL, 
	forecast TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME, 
	happened BOOLEAN NOT NULL, 
	events JSON NOT NULL, 
	complete DATETIME NOT NULL, 
	CONSTRAINT pk_resolutions PRIMARY KEY (site, forecast, since)
);
INSERT INTO "resolutions" VALUES('plant','f1','2024-03-01 07:30:00.000001','2024-03-02 06:30:00.654321',0,'[]','2024-03-02 06:30:00.654321');
INSERT INTO "resolutions" VALUES('plant','f1','2024-03-02 06:30:00.654321',NULL,1,'["launch"]','2024-03-02 06:30:00.654321');
INSERT INTO "resolutions" VALUES('z Ж','f1','2024-03-01 07:30:00.000001','2024-03-02 06:30:00.654321',0,'[]','2024-03-02 06:30:00.654321');
INSERT INTO "resolutions" VALUES('z Ж','f1','2024-03-02 06:30:00.654321',NULL,1,'["launch"]','2024-03-02 06:30:00.654321');
INSERT INTO "resolutions" VALUES('','f1','2024-03-01 07:30:00.000001','2024-03-02 06:30:00.654321',0,'[]','2024-03-02 06:30:00.654321');
INSERT INTO "resolutions" VALUES('','f1','2024-03-02 06:30:00.654321',NULL,1,'["launch"]','2024-03-02 06:30:00.654321');
CREATE TABLE reviews (
	site TEXT NOT NULL, 
	thing TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	reader TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	version DATETIME NOT NULL, 
	CONSTRAINT pk_reviews PRIMARY KEY (site, thing, at)
);
INSERT INTO "reviews" VALUES('plant','t1','2024-03-01 07:30:00.000001','ann','confirm','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','2024-03-01 07:30:00.000001');
INSERT INTO "reviews" VALUES('z Ж','t1','2024-03-01 07:30:00.000001','ann','confirm','quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL','2024-03-01 07:30:00.000001');
CREATE TABLE runs (
	site TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	began DATETIME NOT NULL, 
	version TEXT NOT NULL, 
	exit_code INTEGER NOT NULL, 
	sentence TEXT NOT NULL, 
	searched BOOLEAN NOT NULL, 
	listed INTEGER NOT NULL, 
	used INTEGER NOT NULL, 
	first_look DATETIME, 
	last_look DATETIME, 
	listing TEXT NOT NULL, 
	asking JSON NOT NULL, 
	head JSON NOT NULL, 
	memory JSON NOT NULL, 
	news JSON NOT NULL, 
	CONSTRAINT pk_runs PRIMARY KEY (site, at)
);
INSERT INTO "runs" VALUES('plant','2024-03-01 07:30:00.000000','2024-03-01 07:30:00.000000','0.1.0',0,'2 structures',1,2,1,'2024-02-26 02:30:00.000999',NULL,'','{}','{}','{"version": 2, "at": "2024-03-01T07:30:00+00:00", "asked": {}, "faulty": ["quotes \" '' \\ ; line\nbreak\r\n\ttab, \u0416 \u96fb \u00e9 \ud83c\udfd7 \u2028 \u007f {json} <xml> %s NULL"]}','{"nested": [1, 1.0, true, null, "\u2028", {"\u00e9": -1e-300}]}');
INSERT INTO "runs" VALUES('z Ж','2024-03-01 07:30:00.000000','2024-03-01 07:30:00.000000','0.1.0',0,'2 structures',1,2,1,'2024-02-26 02:30:00.000999',NULL,'','{}','{}','{"version": 2, "at": "2024-03-01T07:30:00+00:00", "asked": {}, "faulty": ["quotes \" '' \\ ; line\nbreak\r\n\ttab, \u0416 \u96fb \u00e9 \ud83c\udfd7 \u2028 \u007f {json} <xml> %s NULL"]}','{"nested": [1, 1.0, true, null, "\u2028", {"\u00e9": -1e-300}]}');
CREATE TABLE scenes (
	site TEXT NOT NULL, 
	scene TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME, 
	sensor TEXT NOT NULL, 
	captured DATETIME NOT NULL, 
	whole_day BOOLEAN NOT NULL, 
	published DATETIME, 
	recorded DATETIME NOT NULL, 
	gone_since DATETIME, 
	detail JSON NOT NULL, 
	CONSTRAINT pk_scenes PRIMARY KEY (site, scene, since)
);
INSERT INTO "scenes" VALUES('plant','scene-1','2024-03-01 07:30:00.000000',NULL,'sentinel-2','2024-02-26 02:30:00.000999',1,NULL,'2024-03-01 07:30:00.000000',NULL,'{"sensor": "sentinel-2"}');
INSERT INTO "scenes" VALUES('z Ж','scene-1','2024-03-01 07:30:00.000000',NULL,'sentinel-2','2024-02-26 02:30:00.000999',1,NULL,'2024-03-01 07:30:00.000000',NULL,'{"sensor": "sentinel-2"}');
CREATE TABLE sites (
	site TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME, 
	name TEXT NOT NULL, 
	outline BLOB NOT NULL, 
	west FLOAT NOT NULL, 
	south FLOAT NOT NULL, 
	east FLOAT NOT NULL, 
	north FLOAT NOT NULL, 
	source JSON NOT NULL, 
	removed BOOLEAN NOT NULL, 
	CONSTRAINT pk_sites PRIMARY KEY (site, since)
);
INSERT INTO "sites" VALUES('plant','2024-03-01 06:30:00.000000','2024-03-02 06:30:00.654321','A plant',X'010300000001000000050000009A9999999999244000000000000049409A99999999992440666666666626494000000000000024406666666666264940000000000000244000000000000049409A999999999924400000000000004940',10.0,50.0,10.3,50.3,'{"false_alarms": 1.0, "catalogs": [{"name": null, "url": "https://stac.test/v1", "collection": "s2"}]}',0);
INSERT INTO "sites" VALUES('plant','2024-03-02 06:30:00.654321',NULL,'quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL',X'010300000001000000050000009A9999999999244000000000000049409A99999999992440666666666626494000000000000024406666666666264940000000000000244000000000000049409A999999999924400000000000004940',10.0,50.0,10.3,50.3,'{"false_alarms": 1.0, "catalogs": [{"name": null, "url": "https://stac.test/v1", "collection": "s2"}]}',0);
INSERT INTO "sites" VALUES('z Ж','2024-03-01 06:30:00.000000','2024-03-02 06:30:00.654321','Another',X'010300000001000000050000009A9999999999244000000000000049409A99999999992440666666666626494000000000000024406666666666264940000000000000244000000000000049409A999999999924400000000000004940',10.0,50.0,10.3,50.3,'{"false_alarms": 1.0, "catalogs": [{"name": null, "url": "https://stac.test/v1", "collection": "s2"}]}',0);
INSERT INTO "sites" VALUES('z Ж','2024-03-02 06:30:00.654321',NULL,'quotes " '' \ ; line
break
	tab, Ж 電 é 🏗    {json} <xml> %s NULL',X'010300000001000000050000009A9999999999244000000000000049409A99999999992440666666666626494000000000000024406666666666264940000000000000244000000000000049409A999999999924400000000000004940',10.0,50.0,10.3,50.3,'{"false_alarms": 1.0, "catalogs": [{"name": null, "url": "https://stac.test/v1", "collection": "s2"}]}',0);
CREATE TABLE structures (
	site TEXT NOT NULL, 
	thing TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME, 
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	claimed BOOLEAN NOT NULL, 
	present BOOLEAN NOT NULL, 
	probability FLOAT NOT NULL, 
	area_m2 FLOAT NOT NULL, 
	area_m2_low FLOAT NOT NULL, 
	area_m2_high FLOAT NOT NULL, 
	sensors JSON NOT NULL, 
	footprint BLOB NOT NULL, 
	west FLOAT NOT NULL, 
	south FLOAT NOT NULL, 
	east FLOAT NOT NULL, 
	north FLOAT NOT NULL, 
	CONSTRAINT pk_structures PRIMARY KEY (site, thing, since)
);
INSERT INTO "structures" VALUES('plant','t1','2024-03-01 07:30:00.000000','2024-03-01 07:30:00.000001','t1','structure',1,1,3.00000000000000044408e-01,1234.5,1.0e-07,3.33333333333333348851e+06,'["optical", "radar"]',X'010300000001000000050000000DBB02E45E332440CDCCCCCCCC0C49400DBB02E45E332440C3AE00B9D70C49403333333333332440C3AE00B9D70C49403333333333332440CDCCCCCCCC0C49400DBB02E45E332440CDCCCCCCCC0C4940',10.1,50.1,1.01003333333333333854e+01,5.01003333333333316073e+01);
INSERT INTO "structures" VALUES('plant','t1','2024-03-01 07:30:00.000001',NULL,'t1b','structure',1,0,3.00000000000000044408e-01,1234.5,1.0e-07,3.33333333333333348851e+06,'["optical", "radar"]',X'01030000000200000005000000EB51B81E856B24409A99999999194940EB51B81E856B24407B14AE47E11A494066666666666624407B14AE47E11A494066666666666624409A99999999194940EB51B81E856B24409A99999999194940050000009BC420B072682440448B6CE7FB1949409BC420B072682440273108AC1C1A49400E2DB29DEF672440273108AC1C1A49400E2DB29DEF672440448B6CE7FB1949409BC420B072682440448B6CE7FB194940',10.2,50.2,1.02099999999999990762e+01,50.21);
INSERT INTO "structures" VALUES('plant','t2','2024-03-01 07:30:00.000001',NULL,'t2','surface',0,1,3.00000000000000044408e-01,1234.5,1.0e-07,3.33333333333333348851e+06,'["optical", "radar"]',X'01060000000100000001030000000100000005000000F3FDD478E96624409A99999999194940F3FDD478E96624407D3F355EBA19494066666666666624407D3F355EBA19494066666666666624409A99999999194940F3FDD478E96624409A99999999194940',10.2,50.2,1.0200999999999998735e+01,50.201);
INSERT INTO "structures" VALUES('z Ж','t1','2024-03-01 07:30:00.000000','2024-03-01 07:30:00.000001','t1','structure',1,1,3.00000000000000044408e-01,1234.5,1.0e-07,3.33333333333333348851e+06,'["optical", "radar"]',X'010300000001000000050000000DBB02E45E332440CDCCCCCCCC0C49400DBB02E45E332440C3AE00B9D70C49403333333333332440C3AE00B9D70C49403333333333332440CDCCCCCCCC0C49400DBB02E45E332440CDCCCCCCCC0C4940',10.1,50.1,1.01003333333333333854e+01,5.01003333333333316073e+01);
INSERT INTO "structures" VALUES('z Ж','t1','2024-03-01 07:30:00.000001',NULL,'t1b','structure',1,0,3.00000000000000044408e-01,1234.5,1.0e-07,3.33333333333333348851e+06,'["optical", "radar"]',X'01030000000200000005000000EB51B81E856B24409A99999999194940EB51B81E856B24407B14AE47E11A494066666666666624407B14AE47E11A494066666666666624409A99999999194940EB51B81E856B24409A99999999194940050000009BC420B072682440448B6CE7FB1949409BC420B072682440273108AC1C1A49400E2DB29DEF672440273108AC1C1A49400E2DB29DEF672440448B6CE7FB1949409BC420B072682440448B6CE7FB194940',10.2,50.2,1.02099999999999990762e+01,50.21);
INSERT INTO "structures" VALUES('z Ж','t2','2024-03-01 07:30:00.000001',NULL,'t2','surface',0,1,3.00000000000000044408e-01,1234.5,1.0e-07,3.33333333333333348851e+06,'["optical", "radar"]',X'01060000000100000001030000000100000005000000F3FDD478E96624409A99999999194940F3FDD478E96624407D3F355EBA19494066666666666624407D3F355EBA19494066666666666624409A99999999194940F3FDD478E96624409A99999999194940',10.2,50.2,1.0200999999999998735e+01,50.201);
CREATE INDEX ix_costs_unit_site ON costs (unit, site);
CREATE INDEX ix_forecasts_event_last ON forecasts (event, last);
CREATE INDEX ix_looks_site_until_outcome_captured ON looks (site, until, outcome, captured);
CREATE INDEX ix_structures_site_until_kind ON structures (site, until, kind);
COMMIT;
