// A plugin in C, through generated bindings of the world `plugin-typed`. What it does, the guests in Rust and Python do too.

#include "bindings/plugin_typed.h"
#include <stdlib.h>
#include <string.h>

typedef exports_wasmill_plugin_typed_outcome_t outcome_t;
typedef exports_wasmill_plugin_typed_emission_t emission_t;
typedef exports_wasmill_plugin_typed_header_t header_t;
typedef plugin_typed_list_u8_t bytes_t;

void exports_wasmill_plugin_lifecycle_describe(plugin_typed_string_t *ret) {
  plugin_typed_string_dup(ret, "{\"name\":\"in-c\",\"version\":\"0.1.0\",\"sdk\":\"wit-bindgen-c 0.63\","
                               "\"outputs\":[{\"name\":\"main\"}],\"codes\":[\"unwanted\",\"not-yet\"]}");
}

bool exports_wasmill_plugin_lifecycle_configure(plugin_typed_string_t *config, plugin_typed_option_string_t *ret,
                                                exports_wasmill_plugin_lifecycle_list_problem_t *err) {
  (void)err;
  plugin_typed_string_free(config);
  ret->is_some = false;
  return true;
}

// Memory or nothing: there is no answer without it, and the host sets the record aside.
static void *need(size_t size) {
  void *memory = calloc(1, size);
  if (!memory) abort();
  return memory;
}

// Whether the value begins with the verb; the rest is what stands behind a colon.
static bool says(const bytes_t *value, const char *verb, bytes_t *rest) {
  size_t len = strlen(verb);
  if (value->len < len || memcmp(value->ptr, verb, len) != 0) return false;
  size_t skip = value->len > len && value->ptr[len] == ':' ? len + 1 : len;
  rest->ptr = value->ptr + skip;
  rest->len = value->len - skip;
  return true;
}

static void forward(outcome_t *outcome) {
  outcome->tag = EXPORTS_WASMILL_PLUGIN_TYPED_OUTCOME_FORWARD;
  outcome->val.forward.output = 0;
}

// The rest of the value in capitals, with the record's key and headers, and one header of its own.
static void shout(outcome_t *outcome, const bytes_t *rest) {
  emission_t *emission = need(sizeof *emission);
  emission->key.tag = EXPORTS_WASMILL_PLUGIN_TYPED_PART_INHERIT;
  emission->value.tag = EXPORTS_WASMILL_PLUGIN_TYPED_PART_BYTES;
  emission->value.val.bytes.ptr = need(rest->len ? rest->len : 1);
  emission->value.val.bytes.len = rest->len;
  for (size_t i = 0; i < rest->len; i++) {
    uint8_t letter = rest->ptr[i];
    emission->value.val.bytes.ptr[i] = letter >= 'a' && letter <= 'z' ? letter - 32 : letter;
  }
  emission->inherit_headers = true;
  header_t *header = need(sizeof *header);
  plugin_typed_string_dup(&header->name, "by");
  plugin_typed_string_t value;
  plugin_typed_string_dup(&value, "c");
  header->value.is_some = true;
  header->value.val.ptr = value.ptr;
  header->value.val.len = value.len;
  emission->headers.ptr = header;
  emission->headers.len = 1;
  outcome->tag = EXPORTS_WASMILL_PLUGIN_TYPED_OUTCOME_EMIT;
  outcome->val.emit.emissions.ptr = emission;
  outcome->val.emit.emissions.len = 1;
}

static void reject(outcome_t *outcome, const char *code, const char *before, const bytes_t *rest) {
  outcome->tag = EXPORTS_WASMILL_PLUGIN_TYPED_OUTCOME_REJECT;
  plugin_typed_string_dup(&outcome->val.reject.code, code);
  size_t len = strlen(before);
  uint8_t *message = need(len + rest->len + 1);
  memcpy(message, before, len);
  memcpy(message + len, rest->ptr, rest->len);
  outcome->val.reject.message.ptr = message;
  outcome->val.reject.message.len = len + rest->len;
}

static void answer(const exports_wasmill_plugin_typed_source_t *source, const bytes_t *value, outcome_t *outcome) {
  bytes_t rest;
  if (says(value, "drop", &rest)) {
    outcome->tag = EXPORTS_WASMILL_PLUGIN_TYPED_OUTCOME_DROP;
  } else if (says(value, "shout", &rest)) {
    shout(outcome, &rest);
  } else if (says(value, "reject", &rest)) {
    reject(outcome, "unwanted", "no ", &rest);
  } else if (says(value, "retry", &rest) && source->attempt == 1) {
    outcome->tag = EXPORTS_WASMILL_PLUGIN_TYPED_OUTCOME_RETRY;
    outcome->val.retry.after_ms = 5;
    plugin_typed_string_dup(&outcome->val.retry.code, "not-yet");
  } else if (says(value, "trap", &rest)) {
    abort();
  } else if (says(value, "loop", &rest)) {
    for (volatile unsigned turns = 0;; turns++) {
    }
  } else if (says(value, "ok", &rest) || says(value, "retry", &rest)) {
    forward(outcome);
  } else {
    reject(outcome, "no-such-fault", "", value);
  }
}

void exports_wasmill_plugin_typed_process(exports_wasmill_plugin_typed_source_t *source,
                                          exports_wasmill_plugin_typed_list_record_t *records,
                                          exports_wasmill_plugin_typed_list_outcome_t *ret) {
  ret->ptr = need(records->len ? records->len * sizeof *ret->ptr : 1);
  ret->len = records->len;
  for (size_t i = 0; i < records->len; i++) {
    exports_wasmill_plugin_typed_record_t *record = &records->ptr[i];
    if (record->value.tag == EXPORTS_WASMILL_PLUGIN_TYPED_FIELD_BYTES) {
      answer(source, &record->value.val.bytes, &ret->ptr[i]);
    } else {
      ret->ptr[i].tag = EXPORTS_WASMILL_PLUGIN_TYPED_OUTCOME_DROP;
    }
  }
  // The generated code frees the reply; what came in is ours.
  exports_wasmill_plugin_typed_list_record_free(records);
  exports_wasmill_plugin_typed_source_free(source);
}
