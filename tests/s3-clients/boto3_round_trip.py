"""What boto3 asks of the server; prints a line "ok NAME" or "FAILED NAME: why" for each check.

usage: boto3_round_trip.py ENDPOINT DIRECTORY   (the directory holds the file "large")
"""
import sys
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import ClientError

ENDPOINT, WORK = sys.argv[1:3]


def client(**config):
    return boto3.client("s3", endpoint_url=ENDPOINT, config=Config(s3={"addressing_style": "path"}, **config))


s3 = client()
BUCKET = "boto3-bucket"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def fails(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return
    raise AssertionError("nothing failed")


@check
def make_a_bucket():
    s3.create_bucket(Bucket=BUCKET)
    s3.head_bucket(Bucket=BUCKET)
    assert BUCKET in [b["Name"] for b in s3.list_buckets()["Buckets"]]


@check
def metadata_and_headers_come_back():
    s3.put_object(Bucket=BUCKET, Key="m", Body=b"x", Metadata={"one": "1", "two": "zwei"}, ContentType="text/x-y",
                  CacheControl="max-age=1", ContentDisposition="inline", ContentEncoding="identity", ContentLanguage="de")
    got = s3.get_object(Bucket=BUCKET, Key="m")
    assert got["Metadata"] == {"one": "1", "two": "zwei"} and got["ContentType"] == "text/x-y"
    assert (got["CacheControl"], got["ContentDisposition"], got["ContentLanguage"]) == ("max-age=1", "inline", "de")


@check
def odd_keys_are_kept_apart():
    keys = ["a b", "a+b", "a%20b", "a/../b", "a//b", "./a", "ü/é", "q?x=1&y", "tail ", "*'()!", "\x01ctl", "\U0001f600", "a\\b", "~._-"]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key="odd/" + key, Body=key.encode())
    for key in keys:
        assert s3.get_object(Bucket=BUCKET, Key="odd/" + key)["Body"].read() == key.encode(), key
    listed = [o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET, Prefix="odd/")["Contents"]]
    assert sorted(listed) == sorted("odd/" + k for k in keys), listed
    # XML has no place for the control character, and boto3 writes it as it is.
    s3.delete_object(Bucket=BUCKET, Key="odd/\x01ctl")
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": k} for k in listed if "\x01" not in k]})
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="odd/")["KeyCount"] == 0


@check
def upload_and_download_in_parts():
    config = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=16 << 20)
    s3.upload_file(WORK + "/large", BUCKET, "large", Config=config)
    s3.download_file(BUCKET, "large", WORK + "/boto3-back", Config=config)
    with open(WORK + "/large", "rb") as a, open(WORK + "/boto3-back", "rb") as b:
        assert a.read() == b.read()


@check
def part_copy_and_checksums():
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts", ChecksumAlgorithm="SHA256")["UploadId"]
    first = s3.upload_part_copy(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=1,
                                CopySource={"Bucket": BUCKET, "Key": "large"}, CopySourceRange="bytes=0-%d" % ((6 << 20) - 1))
    second = s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=2, Body=b"end", ChecksumAlgorithm="SHA256")
    assert [p["PartNumber"] for p in s3.list_parts(Bucket=BUCKET, Key="parts", UploadId=upload)["Parts"]] == [1, 2]
    done = s3.complete_multipart_upload(Bucket=BUCKET, Key="parts", UploadId=upload, MultipartUpload={"Parts": [
        {"PartNumber": 1, "ETag": first["CopyPartResult"]["ETag"]},
        {"PartNumber": 2, "ETag": second["ETag"], "ChecksumSHA256": second["ChecksumSHA256"]}]})
    assert done["ETag"].endswith('-2"') and done["ChecksumSHA256"].endswith("-2")
    assert s3.get_object(Bucket=BUCKET, Key="parts", PartNumber=2)["Body"].read() == b"end"
    attributes = s3.get_object_attributes(Bucket=BUCKET, Key="parts", ObjectAttributes=["ObjectSize", "ObjectParts", "Checksum", "ETag"])
    assert attributes["ObjectSize"] == (6 << 20) + 3 and attributes["ObjectParts"]["TotalPartsCount"] == 2


@check
def small_parts_are_refused():
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="small")["UploadId"]
    parts = [{"PartNumber": n, "ETag": s3.upload_part(Bucket=BUCKET, Key="small", UploadId=upload, PartNumber=n, Body=b"x")["ETag"]} for n in (1, 2)]
    fails("EntityTooSmall", s3.complete_multipart_upload, Bucket=BUCKET, Key="small", UploadId=upload, MultipartUpload={"Parts": parts})
    s3.abort_multipart_upload(Bucket=BUCKET, Key="small", UploadId=upload)
    fails("NoSuchUpload", s3.list_parts, Bucket=BUCKET, Key="small", UploadId=upload)


@check
def listing_by_prefix_and_delimiter_in_pages():
    for i in range(25):
        s3.put_object(Bucket=BUCKET, Key="list/%02d/x" % i, Body=b"")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="list/", Delimiter="/", PaginationConfig={"PageSize": 10}))
    assert [len(p["CommonPrefixes"]) for p in pages] == [10, 10, 5]
    pages = list(s3.get_paginator("list_objects").paginate(Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 10}))
    assert [len(p["Contents"]) for p in pages] == [10, 10, 5]


@check
def versions_and_delete_markers():
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.put_object(Bucket=BUCKET, Key="v", Body=b"%d" % n)["VersionId"] for n in range(3)]
    marker = s3.delete_object(Bucket=BUCKET, Key="v")
    assert marker["DeleteMarker"]
    fails("NoSuchKey", s3.get_object, Bucket=BUCKET, Key="v")
    fails("405", s3.head_object, Bucket=BUCKET, Key="v", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=BUCKET, Key="v", VersionId=ids[0])["Body"].read() == b"0"
    s3.delete_object(Bucket=BUCKET, Key="v", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=BUCKET, Key="v")["Body"].read() == b"2"
    assert len(s3.list_object_versions(Bucket=BUCKET, Prefix="v")["Versions"]) == 3


@check
def conditions():
    etag = s3.put_object(Bucket=BUCKET, Key="c", Body=b"x")["ETag"]
    fails("304", s3.get_object, Bucket=BUCKET, Key="c", IfNoneMatch=etag)
    fails("PreconditionFailed", s3.get_object, Bucket=BUCKET, Key="c", IfMatch='"no"')
    fails("InvalidRange", s3.get_object, Bucket=BUCKET, Key="c", Range="bytes=5-9")
    fails("PreconditionFailed", s3.copy_object, Bucket=BUCKET, Key="d", CopySource={"Bucket": BUCKET, "Key": "c"}, CopySourceIfNoneMatch=etag)


@check
def presigned_urls_of_both_versions():
    for version in ("s3", "s3v4"):
        signer = client(signature_version=version)
        url = signer.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "presigned " + version})
        urllib.request.urlopen(urllib.request.Request(url, data=b"by " + version.encode(), method="PUT", headers={"Content-Type": ""} if version == "s3" else {}))
        url = signer.generate_presigned_url("get_object", Params={
            "Bucket": BUCKET, "Key": "presigned " + version, "ResponseContentType": "text/odd"})
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == b"by " + version.encode() and answer.headers["Content-Type"] == "text/odd"


@check
def what_is_not_configured_says_so():
    fails("NoSuchTagSet", s3.get_bucket_tagging, Bucket=BUCKET)
    fails("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=BUCKET)
    fails("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=BUCKET)
    fails("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=BUCKET)
    fails("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket=BUCKET)
    fails("ServerSideEncryptionConfigurationNotFoundError", s3.get_bucket_encryption, Bucket=BUCKET)
    fails("OwnershipControlsNotFoundError", s3.get_bucket_ownership_controls, Bucket=BUCKET)
    fails("ObjectLockConfigurationNotFoundError", s3.get_object_lock_configuration, Bucket=BUCKET)
    fails("NotImplemented", s3.put_bucket_accelerate_configuration, Bucket=BUCKET, AccelerateConfiguration={"Status": "Enabled"})


@check
def settings_come_back():
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    assert s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"] == [{"Key": "k", "Value": "v"}]
    rule = {"AllowedOrigins": ["http://*.example"], "AllowedMethods": ["GET"], "MaxAgeSeconds": 5}
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"] == [rule]
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]})
    assert s3.put_object(Bucket=BUCKET, Key="e", Body=b"secret")["ServerSideEncryption"] == "AES256"
    assert s3.get_object(Bucket=BUCKET, Key="e")["Body"].read() == b"secret"


@check
def the_bucket_goes_when_it_is_empty():
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        objects = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in page.get("Versions", []) + page.get("DeleteMarkers", [])]
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects, "Quiet": True})
    s3.delete_bucket(Bucket=BUCKET)
    fails("404", s3.head_bucket, Bucket=BUCKET)


for function in CHECKS:
    name = function.__name__.replace("_", " ")
    try:
        function()
        print("ok", name)
    except Exception as e:  # A check that fails must not keep the others from running.
        print("FAILED %s: %s: %s" % (name, type(e).__name__, str(e).replace("\n", " ")))
    sys.stdout.flush()
