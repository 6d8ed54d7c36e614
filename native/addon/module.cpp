// The addon: the functions of src/engine/kernels.ts under their names, and what only native code
// can tell or do. All functions are synchronous and meant to be called inside a worker.
//
// A worker may be terminated while it is in here. Node-API then refuses every call that could run
// JavaScript, a property set included; node-addon-api makes an Error of it and throws that as a
// JavaScript exception, which is refused in turn, and the second Error would leave through C and
// end the process. NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS, which both builds define, drops it.
#include <napi.h>

#include <cstdlib>
#include <string>

#include "half_precision.h"
#include "jobs.h"
#include "pages.h"
#include "woodfisher/kernels.h"
#include "woodfisher/scratch.h"

#ifndef NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#error "terminating a worker must not end the process"
#endif

namespace woodfisher::addon {

namespace {

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone:
      return "done";
    case Outcome::kCancelled:
      return "cancelled";
    case Outcome::kNotPositiveDefinite:
      return "not-positive-definite";
    case Outcome::kOutOfMemory:
      return "out-of-memory";
  }
  return "done";
}

Napi::Value to_object(Napi::Env env, const Status& status) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("outcome", outcome_name(status.outcome));
  if (status.block >= 0) object.Set("block", static_cast<double>(status.block));
  if (status.pivot >= 0) object.Set("pivot", static_cast<double>(status.pivot));
  object.Set("value", status.value);
  return object;
}

std::string no_such_instruction_set() {
  std::string message = "WOODFISHER_INSTRUCTION_SET must be one that this processor has (";
  const char* separator = "";
  for (const Kernels* one : available_kernels()) {
    message.append(separator).append(one->instruction_set);
    separator = ", ";
  }
  const char* wanted = std::getenv("WOODFISHER_INSTRUCTION_SET");
  return message + "), but is \"" + (wanted == nullptr ? "" : wanted) + "\"";
}

const Kernels& kernels(Napi::Env env) {
  const Kernels* chosen = chosen_kernels();
  if (chosen == nullptr) throw Napi::Error::New(env, no_such_instruction_set());
  return *chosen;
}

// A kernel of the table behind the function that reads its job.
template <typename Job, Job (*kRead)(const Fields&), Status (*Kernels::*kKernel)(const Job&)>
Napi::Value call(const Napi::CallbackInfo& info) {
  const Kernels& table = kernels(info.Env());
  keep_scratch();
  return to_object(info.Env(), (table.*kKernel)(kRead(Fields(info))));
}

Napi::Value instruction_sets(const Napi::CallbackInfo& info) {
  const auto available = available_kernels();
  Napi::Array names = Napi::Array::New(info.Env(), available.size());
  for (std::size_t i = 0; i < available.size(); ++i) {
    names.Set(static_cast<std::uint32_t>(i), available[i]->instruction_set);
  }
  return names;
}

Napi::Value instruction_set(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), kernels(info.Env()).instruction_set);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.AddCleanupHook([] { drop_scratch(); });
  const auto add = [&](const char* name, auto function) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("initialise", call<StateRange, read_state_range, &Kernels::initialise>);
  add("accumulate", call<AccumulateJob, read_accumulate, &Kernels::accumulate>);
  add("centre", call<CentreJob, read_centre, &Kernels::centre>);
  add("invert", call<InvertJob, read_invert, &Kernels::invert>);
  add("invertWhole", call<InvertWholeJob, read_invert_whole, &Kernels::invert_whole>);
  add("kronecker", call<KroneckerJob, read_kronecker, &Kernels::kronecker>);
  add("multiply", call<MultiplyJob, read_multiply, &Kernels::multiply>);
  add("update", call<UpdateJob, read_update, &Kernels::update>);
  add("groupSaliency", call<GroupSaliencyJob, read_group_saliency, &Kernels::group_saliency>);
  add("chooseSubsets", call<ChooseSubsetsJob, read_choose_subsets, &Kernels::choose_subsets>);
  add("chooseSmallest", call<ChooseSmallestJob, read_choose_smallest, &Kernels::choose_smallest>);
  add("greedy", call<GreedyJob, read_greedy, &Kernels::greedy>);
  add("score", call<ScoreJob, read_score, &Kernels::score>);
  add("countKeys", call<CountKeysJob, read_count_keys, &Kernels::count_keys>);
  add("countTies", call<CountTiesJob, read_count_ties, &Kernels::count_ties>);
  add("cut", call<CutJob, read_cut, &Kernels::cut>);
  add("sumScores", call<SumScoresJob, read_sum_scores, &Kernels::sum_scores>);
  add("findNonFinite", call<FindNonFiniteJob, read_find_non_finite, &Kernels::find_non_finite>);
  add("widenHalf", widen_half);
  add("releasePages", release_pages);
  add("useLargePages", use_large_pages);
  add("instructionSets", instruction_sets);
  add("instructionSet", instruction_set);
  return exports;
}

}  // namespace

}  // namespace woodfisher::addon

static Napi::Object init_module(Napi::Env env, Napi::Object exports) {
  return woodfisher::addon::init(env, exports);
}

NODE_API_MODULE(woodfisher, init_module)
