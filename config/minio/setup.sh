#!/bin/sh
# Makes the lake's bucket, and a user who may read and write this bucket and nothing else. Safe to run again.
set -eu
# Secrets come by standard input: anyone who lists processes sees their arguments.
ROOT_USER=$(cat /run/minio-root/user)
ROOT_PASSWORD=$(cat /run/minio-root/password)
printf '%s\n%s\n' "$ROOT_USER" "$ROOT_PASSWORD" | mc alias set lake http://minio:9000 >/dev/null
mc mb --ignore-existing "lake/$BUCKET"
cat >/tmp/policy.json <<POLICY
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
      "Resource": ["arn:aws:s3:::$BUCKET"]
    },
    {
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
      "Resource": ["arn:aws:s3:::$BUCKET/*"]
    }
  ]
}
POLICY
mc admin policy create lake eventlake /tmp/policy.json
ACCESS_KEY=$(cat /run/minio-user/access-key)
SECRET_KEY=$(cat /run/minio-user/secret-key)
printf '%s\n%s\n' "$ACCESS_KEY" "$SECRET_KEY" | mc admin user add lake
# Attaching it a second time is an error; what counts is that the user can use the bucket.
mc admin policy attach lake eventlake --user "$ACCESS_KEY" >/dev/null 2>&1 || true
printf '%s\n%s\n' "$ACCESS_KEY" "$SECRET_KEY" | mc alias set pipeline http://minio:9000 >/dev/null
mc ls "pipeline/$BUCKET" >/dev/null
echo "bucket $BUCKET and its user are ready"
