-- Tables of Athena over saved baselines and events of firstseen. Replace BUCKET, and run each statement.
--
-- A baseline NAME: each table goes to s3://BUCKET/firstseen/TABLE/baseline=NAME/, and every query says WHERE baseline = 'NAME'.
-- Events of firstseen events --partition go to s3://BUCKET/firstseen/events/; every query names accounts, and days if it can.
-- Partitions are projected: no crawler, no MSCK REPAIR TABLE.

CREATE EXTERNAL TABLE firstseen_activity (
  `behaviour` bigint,
  `account` string,
  `principal` string,
  `action` string,
  `day` date,
  `hours` int,
  `success_hours` int,
  `count` bigint,
  `errors` bigint)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/activity/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/activity/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_behaviours (
  `account` string,
  `principal` string,
  `principal_kind` string,
  `action` string,
  `first` timestamp,
  `first_success` timestamp,
  `last` timestamp,
  `count` bigint,
  `errors` bigint,
  `failed` boolean,
  `event_id` string,
  `archive` bigint,
  `object` string,
  `record` bigint,
  `read_only` boolean,
  `region` string,
  `source_ip` string,
  `user_agent` string,
  `error_code` string,
  `access_key_id` string,
  `session_name` string,
  `principal_id` string,
  `impersonated_by` string,
  `detail` string,
  `forwarded_for` string,
  `issued` string,
  `stage` string,
  `success_event_id` string,
  `success_archive` bigint,
  `success_object` string,
  `success_record` bigint,
  `success_read_only` boolean,
  `success_region` string,
  `success_source_ip` string,
  `success_user_agent` string,
  `success_error_code` string,
  `success_access_key_id` string,
  `success_session_name` string,
  `success_principal_id` string,
  `success_impersonated_by` string,
  `success_detail` string,
  `success_forwarded_for` string,
  `success_issued` string,
  `success_stage` string)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/behaviours/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/behaviours/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_deliveries (
  `account` string,
  `region` string,
  `day` date,
  `objects` bigint,
  `failed` bigint,
  `records` bigint,
  `stored_bytes` bigint,
  `hours` int)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/deliveries/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/deliveries/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_faults (
  `archive` bigint,
  `object` string,
  `kind` string,
  `stored_byte` bigint,
  `byte` bigint,
  `record` bigint,
  `detail` string)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/faults/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/faults/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_hits (
  `rule` string,
  `rule_id` string,
  `account` string,
  `principal` string,
  `principal_kind` string,
  `principal_arn` string,
  `action` string,
  `time` timestamp,
  `failed` boolean,
  `fields` string,
  `event_id` string,
  `archive` bigint,
  `object` string,
  `record` bigint,
  `read_only` boolean,
  `region` string,
  `source_ip` string,
  `user_agent` string,
  `error_code` string,
  `access_key_id` string,
  `session_name` string,
  `principal_id` string,
  `impersonated_by` string,
  `detail` string,
  `forwarded_for` string,
  `issued` string,
  `stage` string)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/hits/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/hits/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_identity_links (
  `account` string,
  `unique_id` string,
  `arn` string)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/identity_links/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/identity_links/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_insights (
  `account` string,
  `principal` string,
  `principal_arn` string,
  `action` string,
  `time` timestamp,
  `failed` boolean,
  `event_id` string,
  `archive` bigint,
  `object` string,
  `record` bigint,
  `read_only` boolean,
  `region` string,
  `source_ip` string,
  `user_agent` string,
  `error_code` string,
  `access_key_id` string,
  `session_name` string,
  `principal_id` string,
  `impersonated_by` string,
  `detail` string,
  `forwarded_for` string,
  `issued` string,
  `stage` string)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/insights/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/insights/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_inventory (
  `account` string,
  `kind` string,
  `principal_arn` string,
  `principal_id` string,
  `created` timestamp)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/inventory/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/inventory/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_logging (
  `account` string,
  `principal` string,
  `principal_arn` string,
  `action` string,
  `time` timestamp,
  `failed` boolean,
  `principal_kind` string,
  `target` string,
  `effect` string,
  `records` bigint,
  `event_id` string,
  `archive` bigint,
  `object` string,
  `record` bigint,
  `read_only` boolean,
  `region` string,
  `source_ip` string,
  `user_agent` string,
  `error_code` string,
  `access_key_id` string,
  `session_name` string,
  `principal_id` string,
  `impersonated_by` string,
  `detail` string,
  `forwarded_for` string,
  `issued` string,
  `stage` string)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/logging/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/logging/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_objects (
  `archive` bigint,
  `object` string,
  `delivered` timestamp,
  `account` string,
  `region` string,
  `size` bigint,
  `sha256` string,
  `outcome` string,
  `reason` string,
  `records` bigint,
  `first` timestamp,
  `last` timestamp,
  `faults` bigint)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/objects/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/objects/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_principals (
  `account` string,
  `principal` string,
  `principal_kind` string,
  `principal_arn` string,
  `same_as` string,
  `created` timestamp,
  `first` timestamp,
  `last` timestamp,
  `actions` bigint,
  `count` bigint,
  `errors` bigint)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/principals/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/principals/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_received (
  `account` string,
  `principal` string,
  `principal_arn` string,
  `action` string,
  `time` timestamp,
  `failed` boolean,
  `principal_kind` string,
  `id_hash` bigint,
  `content_hash` bigint,
  `count` bigint,
  `event_id` string,
  `archive` bigint,
  `object` string,
  `record` bigint,
  `read_only` boolean,
  `region` string,
  `source_ip` string,
  `user_agent` string,
  `error_code` string,
  `access_key_id` string,
  `session_name` string,
  `principal_id` string,
  `impersonated_by` string,
  `detail` string,
  `forwarded_for` string,
  `issued` string,
  `stage` string)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/received/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/received/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_root (
  `account` string,
  `principal` string,
  `principal_arn` string,
  `action` string,
  `time` timestamp,
  `failed` boolean,
  `event_id` string,
  `archive` bigint,
  `object` string,
  `record` bigint,
  `read_only` boolean,
  `region` string,
  `source_ip` string,
  `user_agent` string,
  `error_code` string,
  `access_key_id` string,
  `session_name` string,
  `principal_id` string,
  `impersonated_by` string,
  `detail` string,
  `forwarded_for` string,
  `issued` string,
  `stage` string)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/root/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/root/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_rules (
  `rule` string,
  `rule_id` string,
  `priority` string,
  `tags` string,
  `source` string,
  `description` string,
  `language` string,
  `output` string,
  `reports` boolean,
  `correlated` string,
  `correlation` string)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/rules/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/rules/baseline=${baseline}/');

CREATE EXTERNAL TABLE firstseen_values (
  `account` string,
  `principal` string,
  `dimension` string,
  `value` string,
  `action` string,
  `first` timestamp,
  `success_action` string,
  `first_success` timestamp,
  `last` timestamp,
  `count` bigint,
  `failed` boolean,
  `event_id` string,
  `archive` bigint,
  `object` string,
  `record` bigint,
  `read_only` boolean,
  `region` string,
  `source_ip` string,
  `user_agent` string,
  `error_code` string,
  `access_key_id` string,
  `session_name` string,
  `principal_id` string,
  `impersonated_by` string,
  `detail` string,
  `forwarded_for` string,
  `issued` string,
  `stage` string,
  `success_event_id` string,
  `success_archive` bigint,
  `success_object` string,
  `success_record` bigint,
  `success_read_only` boolean,
  `success_region` string,
  `success_source_ip` string,
  `success_user_agent` string,
  `success_error_code` string,
  `success_access_key_id` string,
  `success_session_name` string,
  `success_principal_id` string,
  `success_impersonated_by` string,
  `success_detail` string,
  `success_forwarded_for` string,
  `success_issued` string,
  `success_stage` string)
PARTITIONED BY (`baseline` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/values/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.baseline.type' = 'injected',
  'storage.location.template' = 's3://BUCKET/firstseen/values/baseline=${baseline}/');

-- The partition has the account; that of events without one is '__HIVE_DEFAULT_PARTITION__'.
CREATE EXTERNAL TABLE firstseen_events (
  `time` timestamp,
  `principal` string,
  `principal_kind` string,
  `action` string,
  `first_sighting` boolean,
  `outcome` string,
  `error_code` string,
  `error_message` string,
  `region` string,
  `source_ip` string,
  `user_agent` string,
  `access_key_id` string,
  `session_name` string,
  `read_only` boolean,
  `resources` array<string>,
  `event_id` string,
  `recipient_account` string,
  `principal_id` string,
  `principal_arn` string,
  `source` string,
  `impersonated_by` string,
  `linked_principal` string,
  `detail` string,
  `issued` string,
  `archive` int,
  `object` string,
  `record` int,
  `archive_name` string,
  `object_uri` string,
  `forwarded_for` string)
PARTITIONED BY (`account` string, `day` string)
STORED AS PARQUET
LOCATION 's3://BUCKET/firstseen/events/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.account.type' = 'injected',
  'projection.day.type' = 'date',
  'projection.day.range' = '2013-11-01,NOW',
  'projection.day.format' = 'yyyy-MM-dd',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://BUCKET/firstseen/events/account=${account}/day=${day}/');
