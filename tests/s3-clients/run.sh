#!/usr/bin/env bash
# A full round trip with each S3 client of Debian against a server that this script builds and starts.
#
#   tests/s3-clients/run.sh [--without CLIENT[,CLIENT...]] [--configuration Debug|Release] [--keep]
#
# Clients: awscli boto3 s3cmd rclone restic s3fs curl. One that is missing is a failure, unless --without names it.
# Prints one line for each check and, at the end, "N passed, N failed"; exits with 1 if any failed.
# On Debian: apt-get install awscli python3-boto3 s3cmd rclone restic s3fs curl
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
without=""
configuration=Release
keep=0
while [ $# -gt 0 ]; do
  case $1 in
    --without) without=",$2,"; shift 2 ;;
    --configuration) configuration=$2; shift 2 ;;
    --keep) keep=1; shift ;;
    *) sed -n '2,8p' "$0"; exit 2 ;;
  esac
done

work=$(mktemp -d)
passed=0
failed=0
server=0
mounted=0

cleanup() {
  [ "$mounted" = 0 ] || fusermount -u "$work/mount" 2>/dev/null || umount "$work/mount" 2>/dev/null
  [ "$server" = 0 ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
  if [ "$keep" = 1 ]; then echo "kept: $work"; else rm -rf "$work"; fi
}
trap cleanup EXIT

# check NAME COMMAND...: passes when the command succeeds; shows its output when it does not.
check() {
  local name=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    sed 's/^/        /' "$work/output" | tail -n 20
  fi
}

# wanted CLIENT COMMAND: whether the client is to be run; a missing one counts as failed.
wanted() {
  case $without in *",$1,"*) echo "left out: $1"; return 1 ;; esac
  [ -x "$2" ] && return 0
  failed=$((failed + 1))
  echo "FAILED  $1 is not installed ($2). Debian: apt-get install ${3:-$1}; or leave it out: --without $1"
  return 1
}

sh_() { bash -euo pipefail -c "$1"; }

# --- the server ------------------------------------------------------------------------------------------------------
echo "building"
dotnet build "$root/src/CloudLab.Server" -c "$configuration" -v quiet >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }
mkdir -p "$work/no-image"
"$root/src/CloudLab.Server/bin/$configuration/net10.0/CloudLab.Server" --data-dir "$work/data" --guest-image "$work/no-image" \
  --urls http://127.0.0.1:0 --s3-urls http://127.0.0.1:0 >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 300); do
  grep -q '^  S3 ' "$work/server.log" && grep -q '^  token ' "$work/server.log" && break
  kill -0 "$server" 2>/dev/null || { cat "$work/server.log"; exit 1; }
  sleep 0.2
done
api=$(sed -n 's/.*listens on \(http[^, ]*\).*/\1/p' "$work/server.log")
endpoint=$(sed -n 's/^  S3 *\(http[^, ]*\).*/\1/p' "$work/server.log")
host=${endpoint#http://}
echo "server at $api, S3 at $endpoint"
# Keeping -d @- out of the arguments keeps the token out of the process list.
printf 'header = "Authorization: Bearer %s"\n' "$(cat "$work/data/admin.token")" >"$work/curl.auth"
curl -s -K "$work/curl.auth" --json '{}' "$api/v1/access-keys" >"$work/key.json"
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/key.json"; }
# What the caller's own clients are set to is not ours.
for name in $(compgen -e | grep -E '^(AWS|RCLONE|RESTIC|BOTO)_'); do unset "$name"; done
export AWS_ACCESS_KEY_ID=$(field accessKeyId) AWS_SECRET_ACCESS_KEY=$(field secretAccessKey)
export AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export HOME=$work endpoint host work here
[ -n "$AWS_ACCESS_KEY_ID" ] || { echo "no access key: $(cat "$work/key.json")"; exit 1; }

# --- what is stored --------------------------------------------------------------------------------------------------
mkdir -p "$work/tree/sub/deep" "$work/tree/odd names"
head -c 110000000 /dev/urandom >"$work/large"
head -c 1000 /dev/urandom >"$work/tree/a"
head -c 100000 /dev/urandom >"$work/tree/sub/b.bin"
: >"$work/tree/sub/deep/empty"
echo plus >"$work/tree/odd names/a+b (1) ü&%25.txt"
for i in $(seq 30); do echo "$i" >"$work/tree/sub/deep/n$i"; done

# --- awscli ----------------------------------------------------------------------------------------------------------
if wanted awscli /usr/bin/aws; then
  aws() { /usr/bin/aws --endpoint-url "$endpoint" "$@"; }
  export -f aws
  check "awscli: make a bucket" aws s3 mb s3://awscli
  check "awscli: upload 110 MB in parts" aws s3 cp --no-progress "$work/large" s3://awscli/large
  check "awscli: download it whole" sh_ 'aws s3 cp --no-progress s3://awscli/large $work/back && cmp $work/large $work/back'
  check "awscli: the ETag is one of a multipart upload" sh_ 'aws s3api head-object --bucket awscli --key large | grep -q "\-14"'
  check "awscli: sync a tree up" aws s3 sync --no-progress "$work/tree" s3://awscli/tree
  check "awscli: sync it down, the same" sh_ 'aws s3 sync --no-progress s3://awscli/tree $work/tree2 && diff -r $work/tree $work/tree2'
  check "awscli: a second sync has nothing to do" sh_ '[ -z "$(aws s3 sync --no-progress $work/tree s3://awscli/tree)" ]'
  check "awscli: read a range" sh_ 'aws s3api get-object --bucket awscli --key large --range bytes=1000-1999 $work/range && cmp $work/range <(tail -c +1001 $work/large | head -c 1000)'
  check "awscli: copy on the server" sh_ 'aws s3 cp --no-progress s3://awscli/large s3://awscli/copy && aws s3 cp --no-progress s3://awscli/copy - | cmp - $work/large'
  check "awscli: turn versions on" aws s3api put-bucket-versioning --bucket awscli --versioning-configuration Status=Enabled
  check "awscli: old versions stay" sh_ 'echo one | aws s3 cp - s3://awscli/v && echo two | aws s3 cp - s3://awscli/v &&
    id=$(aws s3api list-object-versions --bucket awscli --prefix v --query "Versions[?!IsLatest].VersionId" --output text) &&
    aws s3api get-object --bucket awscli --key v --version-id $id $work/v && [ "$(cat $work/v)" = one ]'
  check "awscli: tags" sh_ 'aws s3api put-object-tagging --bucket awscli --key v --tagging "TagSet=[{Key=a,Value=b c}]" && aws s3api get-object-tagging --bucket awscli --key v | grep -q "b c"'
  check "awscli: a policy" sh_ 'aws s3api put-bucket-policy --bucket awscli --policy "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::awscli/v\"}]}" && curl -sf $endpoint/awscli/v | grep -q two && ! curl -sf $endpoint/awscli/large -o /dev/null'
  check "awscli: what is not configured says so" sh_ '! aws s3api get-bucket-lifecycle-configuration --bucket awscli 2>$work/e; grep -q NoSuchLifecycleConfiguration $work/e'
  check "awscli: delete many at once" sh_ 'aws s3 rm --recursive --quiet s3://awscli/tree && [ -z "$(aws s3 ls s3://awscli/tree/)" ]'
  check "awscli: a bucket that is not empty stays" sh_ '! aws s3 rb s3://awscli 2>$work/e; grep -q BucketNotEmpty $work/e'
fi

# --- curl with presigned URLs ----------------------------------------------------------------------------------------
if wanted curl /usr/bin/curl && wanted awscli /usr/bin/aws; then
  check "curl: get by a presigned URL" sh_ 'curl -sf "$(aws s3 presign s3://awscli/v)" | grep -q two'
  check "curl: a range by a presigned URL" sh_ '[ "$(curl -sf -r 0-1 "$(aws s3 presign s3://awscli/v)")" = tw ]'
  check "curl: an expired URL is refused" sh_ 'u=$(aws s3 presign --expires-in 1 s3://awscli/v); for i in $(seq 50); do curl -s "$u" >$work/e; grep -q "Request has expired" $work/e && exit 0; sleep 0.2; done; exit 1'
  check "curl: a changed URL is refused" sh_ 'u=$(aws s3 presign s3://awscli/v); [ "$(curl -s -o /dev/null -w "%{http_code}" "${u/awscli\/v/awscli\/large}")" = 403 ]'
  check "curl: nobody may list" sh_ '[ "$(curl -s -o /dev/null -w "%{http_code}" $endpoint/awscli)" = 403 ]'
  check "curl: a refused upload is not sent" sh_ 'curl -s -T $work/large -H "Expect: 100-continue" $endpoint/awscli/x -w "%{size_upload} %{http_code}" | grep -q "0 403$"'
fi

# --- boto3 -----------------------------------------------------------------------------------------------------------
case $without in
  *,boto3,*) echo "left out: boto3" ;;
  *)
    if /usr/bin/python3 -c 'import boto3' 2>/dev/null; then
      while IFS= read -r line; do
        case $line in
          "ok "*) passed=$((passed + 1)); echo "ok      boto3: ${line#ok }" ;;
          "FAILED "*) failed=$((failed + 1)); echo "FAILED  boto3: ${line#FAILED }" ;;
          *) echo "        $line" ;;
        esac
      done < <(/usr/bin/python3 "$here/boto3_round_trip.py" "$endpoint" "$work" 2>&1)
    else
      failed=$((failed + 1))
      echo "FAILED  boto3 is not installed. Debian: apt-get install python3-boto3; or leave it out: --without boto3"
    fi ;;
esac

# --- s3cmd -----------------------------------------------------------------------------------------------------------
if wanted s3cmd /usr/bin/s3cmd; then
  cat >"$work/s3cfg" <<EOF
[default]
access_key = $AWS_ACCESS_KEY_ID
secret_key = $AWS_SECRET_ACCESS_KEY
host_base = $host
host_bucket = $host
use_https = False
EOF
  s3cmd() { /usr/bin/s3cmd --no-progress -c "$work/s3cfg" "$@"; }
  export -f s3cmd
  check "s3cmd: make a bucket" s3cmd mb s3://s3cmd-bucket
  check "s3cmd: upload 110 MB in parts" s3cmd put "$work/large" s3://s3cmd-bucket/large
  check "s3cmd: download it whole" sh_ 's3cmd get --force s3://s3cmd-bucket/large $work/back && cmp $work/large $work/back'
  check "s3cmd: sync up and down" sh_ 's3cmd sync $work/tree/ s3://s3cmd-bucket/tree/ && s3cmd sync s3://s3cmd-bucket/tree/ $work/tree3/ && diff -r $work/tree $work/tree3'
  check "s3cmd: list" sh_ '[ "$(s3cmd ls -r s3://s3cmd-bucket/tree/ | wc -l)" = "$(find $work/tree -type f | wc -l)" ]'
  check "s3cmd: make public" sh_ 's3cmd setacl --acl-public s3://s3cmd-bucket/tree/a && curl -sf $endpoint/s3cmd-bucket/tree/a | cmp - $work/tree/a'
  check "s3cmd: info" sh_ 's3cmd info s3://s3cmd-bucket && [[ $(s3cmd info s3://s3cmd-bucket/tree/a) == *$(md5sum <$work/tree/a | cut -c -32)* ]]'
  check "s3cmd: copy and move" sh_ 's3cmd cp s3://s3cmd-bucket/tree/a s3://s3cmd-bucket/c && s3cmd mv s3://s3cmd-bucket/c s3://s3cmd-bucket/d && s3cmd get --force s3://s3cmd-bucket/d $work/d && cmp $work/d $work/tree/a'
  check "s3cmd: signature version 2" sh_ 's3cmd --signature-v2 ls s3://s3cmd-bucket/large | grep -q large'
  check "s3cmd: remove all and the bucket" sh_ 's3cmd del -r --force s3://s3cmd-bucket && s3cmd rb s3://s3cmd-bucket'
fi

# --- rclone ----------------------------------------------------------------------------------------------------------
if wanted rclone /usr/bin/rclone; then
  export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_CL_TYPE=s3 RCLONE_CONFIG_CL_PROVIDER=Other RCLONE_CONFIG_CL_ENDPOINT=$endpoint
  export RCLONE_CONFIG_CL_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID RCLONE_CONFIG_CL_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY RCLONE_CONFIG_CL_REGION=us-east-1
  check "rclone: make a bucket" rclone mkdir cl:rclone-bucket
  check "rclone: upload 110 MB in parts" rclone copyto --s3-upload-cutoff 20M --s3-chunk-size 10M "$work/large" cl:rclone-bucket/large
  check "rclone: its bytes are the same" sh_ 'rclone cat cl:rclone-bucket/large | cmp - $work/large'
  check "rclone: sync a tree" rclone sync "$work/tree" cl:rclone-bucket/tree
  check "rclone: check by hash" rclone check "$work/tree" cl:rclone-bucket/tree
  check "rclone: check by content" rclone check --download "$work/tree" cl:rclone-bucket/tree
  check "rclone: list by version 2" sh_ '[ "$(rclone lsf -R --files-only --s3-list-version 2 cl:rclone-bucket/tree | wc -l)" = "$(find $work/tree -type f | wc -l)" ]'
  check "rclone: copy on the server" sh_ 'rclone copyto cl:rclone-bucket/large cl:rclone-bucket/copy && rclone cat cl:rclone-bucket/copy | cmp - $work/large'
  check "rclone: read a part of it" sh_ 'rclone cat --offset 5000 --count 100 cl:rclone-bucket/large | cmp - <(tail -c +5001 $work/large | head -c 100)'
  check "rclone: version 2 signatures" sh_ 'rclone --s3-v2-auth lsf cl:rclone-bucket | grep -q large'
  check "rclone: stream of unknown length" sh_ 'cat $work/large | rclone rcat --s3-chunk-size 10M cl:rclone-bucket/stream && rclone cat cl:rclone-bucket/stream | cmp - $work/large'
  check "rclone: purge" rclone purge cl:rclone-bucket
fi

# --- restic ----------------------------------------------------------------------------------------------------------
if wanted restic /usr/bin/restic; then
  export RESTIC_REPOSITORY=s3:$endpoint/restic-bucket/repo RESTIC_PASSWORD=secret
  check "restic: make a repository" restic init
  check "restic: back up" restic backup --quiet "$work/tree" "$work/large"
  check "restic: check all data" restic check --read-data
  check "restic: restore the same" sh_ 'restic restore --quiet latest --target $work/restored && diff -r $work/tree $work/restored$work/tree && cmp $work/large $work/restored$work/large'
  check "restic: forget and prune" sh_ 'echo more >$work/tree/more && restic backup --quiet $work/tree && restic forget --quiet --keep-last 1 --prune && restic check'
  rm -f "$work/tree/more"
fi

# --- s3fs ------------------------------------------------------------------------------------------------------------
if wanted s3fs /usr/bin/s3fs; then
  if [ -c /dev/fuse ] && (exec 3<>/dev/fuse) 2>/dev/null; then
    printf '%s:%s\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >"$work/s3fs.passwd"
    chmod 600 "$work/s3fs.passwd"
    mkdir "$work/mount"
    curl -sf -X PUT --aws-sigv4 "aws:amz:us-east-1:s3" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" "$endpoint/s3fs-bucket" -o /dev/null \
      || /usr/bin/aws --endpoint-url "$endpoint" s3 mb s3://s3fs-bucket >/dev/null
    if s3fs s3fs-bucket "$work/mount" -o passwd_file="$work/s3fs.passwd",url="$endpoint",use_path_request_style,multipart_size=10 >"$work/output" 2>&1; then
      mounted=1
      for _ in $(seq 50); do mountpoint -q "$work/mount" && break; sleep 0.1; done
      check "s3fs: write and read a tree" sh_ 'cp -r $work/tree $work/mount/tree && diff -r $work/tree $work/mount/tree'
      check "s3fs: write 110 MB in parts" sh_ 'cp $work/large $work/mount/large && cmp $work/large $work/mount/large'
      check "s3fs: rename a file and a directory" sh_ 'mv $work/mount/large $work/mount/renamed && mv $work/mount/tree $work/mount/tree2 && cmp $work/large $work/mount/renamed && diff -r $work/tree $work/mount/tree2'
      check "s3fs: change a mode" sh_ 'chmod 640 $work/mount/tree2/a && [ "$(stat -c %a $work/mount/tree2/a)" = 640 ]'
      check "s3fs: append" sh_ 'echo end >>$work/mount/tree2/a && [ "$(tail -c 4 $work/mount/tree2/a)" = end ]'
      check "s3fs: list and remove" sh_ 'ls $work/mount/tree2/sub/deep | wc -l | grep -qx 31 && rm -r $work/mount/tree2 && [ ! -e $work/mount/tree2 ]'
    else
      failed=$((failed + 1))
      echo "FAILED  s3fs: mount"
      sed 's/^/        /' "$work/output"
    fi
  else
    echo "s3fs: /dev/fuse does not work here, so nothing was mounted; run this where it does"
  fi
fi

if grep -q ' fail: \| crit: ' "$work/server.log"; then
  failed=$((failed + 1))
  echo "FAILED  the server's log has errors"
  grep -A 5 ' fail: \| crit: ' "$work/server.log" | head -n 40
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
