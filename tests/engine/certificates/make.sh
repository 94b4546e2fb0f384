#!/bin/sh
# Makes the certificates of this folder anew. They guard nothing: their keys are public, their
# authority is trusted by the tests of this folder alone, and their dates never come.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl ecparam -name prime256v1 -genkey -noout -out "$work/key"
: >"$work/index"
cat >"$work/conf" <<CONF
[ca]
default_ca = tests
[tests]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[site]
subjectAltName = DNS:site.example.net, IP:127.0.0.1
[other]
subjectAltName = DNS:other.example.net
[names]
subjectAltName = DNS:*.example.net, DNS:*.my_zone.example.org, DNS:one_name.example.com, DNS:*.edu, DNS:f*.example.info, IP:127.0.0.1
[none]
basicConstraints = CA:false
CONF

# certificate NAME SECTION NOT_BEFORE NOT_AFTER [options]: one PEM, the key before the certificate
certificate() {
    name=$1 section=$2 begin=$3 end=$4
    shift 4
    openssl req -new -key "$work/key" -subj "/CN=${common:-Vigie test $name}" -out "$work/request"
    openssl ca -batch -notext -config "$work/conf" -extensions "$section" -startdate "$begin" \
        -enddate "$end" -in "$work/request" -out "$work/$name" -keyfile "$work/key" "$@" 2>"$work/log"
    { cat "$work/key"; openssl x509 -in "$work/$name"; } >"$name.pem"
}

certificate self-signed site 20200101000000Z 21250101000000Z -selfsign
certificate authority authority 20200101000000Z 21260101000000Z -selfsign
certificate good site 20200101000000Z 21250101000000Z -cert "$work/authority"
certificate earlier site 20200101000000Z 21240101000000Z -cert "$work/authority"
certificate expired site 20200101000000Z 20200131000000Z -cert "$work/authority"
certificate future site 21200101000000Z 21250101000000Z -cert "$work/authority"
certificate other other 20200101000000Z 21250101000000Z -cert "$work/authority"
certificate names names 20200101000000Z 21250101000000Z -cert "$work/authority"
common=site.example.net
certificate common none 20200101000000Z 21250101000000Z -cert "$work/authority"
openssl x509 -in "$work/authority" -out authority.pem
