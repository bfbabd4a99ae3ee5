# Decides which devices a container gets. Prints shell assignments for the hook, or nothing when no GPU was asked for;
# logs one JSON line; exits 1 with the real tool's error on an unknown device.

function text_after(source, mark,    at) {
  at = index(source, mark)
  return at ? substr(source, at + length(mark)) : ""
}

function text_before(source, mark,    at) {
  at = index(source, mark)
  return at ? substr(source, 1, at - 1) : source
}

function quoted(source) {
  gsub(/'/, "'\\''", source)
  return "'" source "'"
}

function log_call(result) {
  gsub(/"/, "\\\"", result)
  printf "{\"id\":\"%s\",\"devices\":\"%s\",\"visible\":[%s],\"result\":\"%s\"}\n", id, wanted, visible, result >> log_path
  close(log_path)
}

function fail(message) {
  log_call(message)
  printf "Auto-detected mode as 'legacy'\nnvidia-container-cli: %s\n", message > "/dev/stderr"
  exit 1
}

function show(uuid) {
  visible = visible (visible == "" ? "" : ",") "\"" uuid "\""
}

function take_gpu(key,    child) {
  gpu_taken[index_of[key]] = 1
  for (child in parent_of) if (parent_of[child] == index_of[key]) mig_taken[child] = 1
}

BEGIN {
  FS = "\t"
  while ((getline line) > 0) state = state line
  id = text_before(text_after(state, "\"id\":\""), "\"")
  pid = text_after(state, "\"pid\":") + 0
  bundle = text_before(text_after(state, "\"bundle\":\""), "\"")

  config_path = bundle "/config.json"
  while ((getline line < config_path) > 0) config = config line
  environment = text_before(text_after(config, "\"env\":["), "],\"cwd\":")
  mark = "\"NVIDIA_VISIBLE_DEVICES="
  # The last entry wins, as in the real hook.
  while (index(environment, mark)) {
    environment = text_after(environment, mark)
    wanted = text_before(environment, "\"")
    asked = 1
  }
  if (!asked || wanted == "" || wanted == "void") exit 0
  root = text_before(text_after(config, "\"root\":{\"path\":\""), "\"")
  if (substr(root, 1, 1) != "/") root = bundle "/" root

  while ((getline < flat) > 0) {
    if ($1 == "state") { fault = $2; delay = $3 }
    if ($1 == "gpu") {
      gpu_count += 1
      index_of[$2] = $2; index_of[$3] = $2
      gpu_uuid[$2] = $3; gpu_name[$2] = $4; gpu_minor[$2] = $5
      if ($6 != "-") lost = 1
    }
    if ($1 == "mig") {
      mig_key[++mig_count] = $2
      mig_of[$2] = $2; mig_of[$3] = $2
      mig_uuid[$2] = $3; mig_profile[$2] = $4; parent_of[$2] = $5
    }
  }
  if (fault == "nodriver") fail("initialization error: nvml error: driver not loaded")
  if (fault == "mismatch") fail("initialization error: nvml error: driver/library version mismatch")
  if (lost) fail("detection error: nvml error: gpu is lost")

  count = split(wanted, words, ",")
  for (i = 1; i <= count; i++) {
    word = words[i]
    if (word == "none" || word == "void") continue
    if (word == "all") { for (g = 0; g < gpu_count; g++) take_gpu(g "") }
    else if (word in index_of) take_gpu(word)
    else if (word in mig_of) { mig_taken[mig_of[word]] = 1; gpu_taken[parent_of[mig_of[word]]] = 1 }
    else fail("device error: " word ": unknown device")
  }

  # Inside the container the devices count from 0 again.
  for (g = 0; g < gpu_count; g++) {
    if (!(g in gpu_taken)) continue
    listing = listing (shown ? "\n" : "") sprintf("GPU %d: %s (UUID: %s)", shown++, gpu_name[g], gpu_uuid[g])
    minors = minors " " gpu_minor[g]
    show(gpu_uuid[g])
    number = 0
    for (m = 1; m <= mig_count; m++) {
      key = mig_key[m]
      if (parent_of[key] != g || !(key in mig_taken)) continue
      listing = listing "\n" sprintf("  MIG %-11s Device %2d: (UUID: %s)", mig_profile[key], number++, mig_uuid[key])
      show(mig_uuid[key])
    }
  }
  log_call("ok")
  printf "pid=%d\nroot=%s\ndelay=%s\nminors=%s\nlisting=%s\n", pid, quoted(root), quoted(delay), quoted(minors), quoted(listing)
}
