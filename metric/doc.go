// Package metric reduces records to numbers with their uncertainty. Each
// constructor names one metric of the contract: [Accuracy] and its kin average
// a scorer's values, [PassAtK] and its kin look at several samples of a
// question, [AccSum] and its kin pick the likeliest continuation,
// [BitsPerByte] and its kin read the likelihood of a text. [ByID] finds one by
// its id, for tasks written in files.
//
// A metric observes one number a question (see eval.Observation), or says that
// it is not defined for it: nothing missing is ever counted as 0 or as perfect.
// A question that the model failed to answer at all (a refusal, a context that
// did not fit) counts 0 where the metric is a proportion. Metrics are values,
// keep nothing and may be used by many goroutines; their JSON form holds their
// settings, that of a scorer inside holds the scorer's but not its name.
package metric
