#!/bin/sh
# The launcher of the portable executable, for machines without a C compiler: this text, then the payload.
# It needs sh, tail, tar, gzip and find; sha256sum, shasum or openssl, else gzip's own checksum is the check.
# What it does and promises is written in scripts/launcher/launcher.c.
set -u
PATH=${PATH:-/usr/local/bin:/usr/bin:/bin}
export PATH
hash=@SHA256@
line=@LINE@
name=@NAME@

json=no
for argument in "$@"; do
  [ "$argument" = --json ] && json=yes
done

escape() { printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# refuse EXIT CODE HINT MESSAGE
refuse() {
  if [ "$json" = yes ]; then
    printf '{"error":{"code":"%s","message":"%s","hint":"%s"}}\n' "$2" "$(escape "$4")" "$(escape "$3")" >&2
  else
    printf 'error: %s\nhint: %s\n' "$4" "$3" >&2
  fi
  exit "$1"
}

refuse_cache() {
  code=io_failed
  case $1 in *"space left"*) code=disk_full ;; esac
  refuse 8 "$code" "Set ENGRAMLT_CACHE to a folder that can be written and has 200 MB free" \
    "Cannot unpack the program to $root: $1"
}

refuse_damaged() {
  refuse 9 executable_corrupt "Download it again, or build it again with deno task compile" \
    "Cannot start: this executable file is damaged ($1)"
}

case $0 in
  /*) exe=$0 ;;
  */*) exe=$(cd -- "${0%/*}" && pwd -P)/${0##*/} ;;
  *) exe=$(pwd -P)/$0 ;;
esac
[ -r "$exe" ] || refuse_damaged "it cannot find its own path"

if [ -n "${ENGRAMLT_CACHE:-}" ]; then
  case $ENGRAMLT_CACHE in
    /*) root=$ENGRAMLT_CACHE ;;
    *) root=$(pwd -P)/$ENGRAMLT_CACHE ;;
  esac
elif [ -n "${XDG_CACHE_HOME:-}" ] && [ -z "${XDG_CACHE_HOME##/*}" ]; then
  root=$XDG_CACHE_HOME/engramlt
elif [ -n "${HOME:-}" ] && [ -d "$HOME" ]; then
  case $(uname -s) in
    Darwin) root=$HOME/Library/Caches/engramlt ;;
    *) root=$HOME/.cache/engramlt ;;
  esac
else
  root=${TMPDIR:-/tmp}/engramlt-$(id -u)
  mkdir -m 700 "$root" 2>/dev/null
  case $(ls -ldn "$root" 2>/dev/null) in
    drwx------*\ "$(id -u)"\ *) ;;
    *) refuse_cache "others can write there" ;;
  esac
fi
folder=$root/$name

whole() {
  [ -r "$folder/ok" ] && [ -x "$folder/@PROGRAM@" ] && [ "$(cat "$folder/ok")" = "$hash" ] &&
    [ -z "$(find "$folder/app" \( -newer "$folder/ok" -o -type f -size 0 \) 2>&1 | head -n 1)" ]
}

payload() { tail -n "+$line" "$exe"; }

digest() {
  if command -v sha256sum >/dev/null 2>&1; then payload | sha256sum
  elif command -v shasum >/dev/null 2>&1; then payload | shasum -a 256
  elif command -v openssl >/dev/null 2>&1; then payload | openssl dgst -sha256 -r
  else payload | gzip -t 2>/dev/null && echo "$hash"
  fi | cut -c 1-64
}

unpack() {
  found=$(mkdir -p "$root" 2>&1) || refuse_cache "${found##*: }"
  # a part older than ten minutes belongs to nobody
  find "$root" -maxdepth 1 -name "$name.sh-part-*" -mmin +10 -exec rm -rf {} + 2>/dev/null
  part=$root/$name.sh-part-$$
  found=$(mkdir -m 700 "$part" 2>&1) || refuse_cache "${found##*: }"
  trap 'rm -rf "$part"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  [ "$(digest)" = "$hash" ] || refuse_damaged "its payload does not have the recorded hash"
  found=$(payload | gzip -dc 2>&1 >"$part/app.tar") || refuse_cache "${found##*: }"
  found=$(cd "$part" && tar -xmf app.tar 2>&1) || refuse_cache "${found##*: }"
  rm -f "$part/app.tar"
  mkdir "$part/deno_dir"
  printf '%s\n' "$hash" >"$part/ok" || refuse_cache "it cannot be written"
  if ! whole && [ -e "$folder" ]; then
    mv "$folder" "$part.old" 2>/dev/null && rm -rf "$part.old"
  fi
  # When another first run was faster, mv puts the part inside its folder, or fails: theirs is whole, ours goes.
  mv "$part" "$folder" 2>/dev/null
  rm -rf "$part" "$folder/${part##*/}"
  trap - EXIT INT TERM HUP
  whole || refuse_cache "the unpacked files do not stay as written"
}

# listed FLAG LIST: a path in a permission list cannot hold a comma, and a list of programs forbids all of them
# while loader variables are set; then the kind is allowed as a whole.
listed() {
  case $1$app$exe in
    *,*) printf '%s' "$1" ;;
    --allow-run*)
      if [ -n "${LD_LIBRARY_PATH+1}${LD_PRELOAD+1}${DYLD_LIBRARY_PATH+1}${DYLD_INSERT_LIBRARIES+1}" ]; then
        printf '%s' "$1"
      else
        printf '%s=%s' "$1" "$2"
      fi
      ;;
    *) printf '%s=%s' "$1" "$2" ;;
  esac
}

whole || unpack
app=$folder/app
unset @UNSET@
DENO_DIR=$folder/deno_dir
DENO_NO_UPDATE_CHECK=1
ENGRAMLT_EXE=$exe
ENGRAMLT_FILES_MAX=$(ulimit -Hn 2>/dev/null || :) # the runtime raises its own limit to this, and may not ask
export DENO_DIR DENO_NO_UPDATE_CHECK ENGRAMLT_EXE ENGRAMLT_FILES_MAX
exec "$folder/@PROGRAM@" @ARGUMENTS@ "$@"
exit 126
