import Foundation
import ModelCompiler
import Testing

/// Folders of pretrained models that can't be compiled.
@Suite struct PretrainedFolderTests {
  private static let configuration = """
    {"model_type": "moonshine", "hidden_size": 16, "intermediate_size": 24, "vocab_size": 8, "encoder_num_hidden_layers": 1,
    "decoder_num_hidden_layers": 1, "encoder_num_attention_heads": 2, "decoder_num_attention_heads": 2}
    """
  private static let vocabulary = #"{"model": {"type": "BPE", "vocab": {"a": 0}}, "decoder": {"type": "ByteLevel"}}"#
  /// One tensor of no elements.
  private static let weights = #"{"model.encoder.conv1.weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#

  private static func refusal(
    configuration: String? = configuration, vocabulary: String? = vocabulary, weights: String? = weights, generation: String? = nil,
    options: SequenceOptions = SequenceOptions()
  ) throws -> (error: CompilerError?, folder: String) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pretrained-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try configuration?.write(to: folder.appending(path: "config.json"), atomically: true, encoding: .utf8)
    try generation?.write(to: folder.appending(path: "generation_config.json"), atomically: true, encoding: .utf8)
    try vocabulary?.write(to: folder.appending(path: "tokenizer.json"), atomically: true, encoding: .utf8)
    if let weights {
      try Data([UInt8(weights.utf8.count), 0, 0, 0, 0, 0, 0, 0] + weights.utf8).write(to: folder.appending(path: "model.safetensors"))
    }
    do throws(CompilerError) {
      _ = try SequenceCompilation(folder: folder.path, options: options)
      return (nil, folder.path)
    } catch { return (error, folder.path) }
  }

  @Test func `a missing file is named`() throws {
    for (result, name) in [
      (try Self.refusal(configuration: nil), "config.json"), (try Self.refusal(vocabulary: nil), "tokenizer.json"),
      (try Self.refusal(weights: nil), "model.safetensors"),
    ] {
      #expect(result.error?.code == .file)
      #expect(result.error?.message.hasPrefix("\(result.folder)/\(name): can't be opened") == true)
    }
  }

  @Test func `a tensor of other dimensions than the configuration's is named`() throws {
    let (error, folder) = try Self.refusal()
    #expect(
      error == CompilerError(.invalid, "\(folder)/model.safetensors: tensor 'model.encoder.conv1.weight' is [0]; config.json makes it [16, 1, 127]"))
    #expect(try Self.refusal(weights: "{}").error?.message.hasSuffix("model.safetensors: has no tensor 'model.encoder.conv1.weight'") == true)
  }

  @Test(arguments: [
    ("\"moonshine\"", "\"parakeet\"", CompilerError.Code.unsupported, "'model_type' is 'parakeet'; known are: moonshine, whisper"),
    ("\"hidden_size\": 16, ", "", .invalid, "has no 'hidden_size'"),
    ("\"hidden_size\": 16", "\"hidden_size\": \"x\"", .invalid, "'hidden_size' is no whole number"),
    ("\"hidden_size\": 16", "\"hidden_size\": 17", .invalid, "2 heads and a rotary share of 0.9 don't fit 'hidden_size' 17"),
    ("{\"model", "{\"encoder_num_key_value_heads\": 1, \"model", .unsupported, "'encoder_num_key_value_heads' differs"),
    ("{\"model", "{\"decoder_hidden_act\": \"relu\", \"model", .unsupported, "'decoder_hidden_act' is relu; only silu is supported"),
    ("{\"model", "{\"rope_parameters\": {\"rope_type\": \"yarn\"}, \"model", .unsupported, "'rope_parameters.rope_type' is yarn"),
    ("{\"model", "{\"rope_scaling\": {\"type\": \"dynamic\"}, \"model", .unsupported, "'rope_scaling.type' is dynamic"),
    ("{\"model", "{\"rope_scaling\": \"linear\", \"model", .invalid, "'rope_scaling' is no object"),
    ("{\"model", "{\"attention_bias\": \"true\", \"model", .invalid, "'attention_bias' is neither true nor false"),
    ("{\"model", "{\"encoder_hidden_act\": [\"relu\"], \"model", .invalid, "'encoder_hidden_act' is no text"),
    ("{\"model", "{\"eos_token_id\": 8, \"model", .invalid, "'eos_token_id' is no whole number of 0 to 7"),
  ])
  func `a configuration that isn't done is refused by its key`(_ old: String, _ new: String, _ code: CompilerError.Code, _ message: String) throws {
    let (error, folder) = try Self.refusal(configuration: Self.configuration.replacingOccurrences(of: old, with: new))
    #expect(error?.code == code)
    #expect(error?.message.hasPrefix("\(folder)/config.json: \(message)") == true, "\(error?.message ?? "accepted")")
  }

  @Test func `a tokenizer of another model is refused`() throws {
    let (error, folder) = try Self.refusal(vocabulary: #"{"model": {"type": "BPE", "vocab": {"a": 8}}}"#)
    #expect(error == CompilerError(.invalid, "\(folder): tokenizer.json has 9 tokens, config.json 8: they are of two models"))
  }

  private static let whisper = """
    {"model_type": "whisper", "d_model": 16, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8, "vocab_size": 16, "encoder_layers": 1, "decoder_layers": 1, \
    "encoder_attention_heads": 2, "decoder_attention_heads": 2, "decoder_start_token_id": 9, "eos_token_id": 8}
    """
  private static let generation = """
    {"no_timestamps_token_id": 14, "lang_to_id": {"<|en|>": 10, "<|de|>": 11}, "task_to_id": {"transcribe": 12}, "suppress_tokens": [-1, 3], \
    "begin_suppress_tokens": [2]}
    """

  @Test(arguments: [
    ("\"d_model\": 16", "\"d_model\": 17", "config.json: 2 heads don't divide 'd_model' 17"),
    ("{\"model", "{\"activation_function\": \"relu\", \"model", "config.json: 'activation_function' is relu; only gelu is supported"),
    ("{\"model", "{\"scale_embedding\": true, \"model", "config.json: 'scale_embedding' is true"),
    ("{\"model", "{\"tie_word_embeddings\": false, \"model", "config.json: 'tie_word_embeddings' is false"),
    ("{\"model", "{\"max_source_positions\": 49, \"model", "config.json: 'max_source_positions' 49 is less than a second of sound"),
    ("{\"model", "{\"max_target_positions\": 10, \"model", "config.json: 'max_target_positions' 10 leaves no room behind the prompt"),
    ("{\"no", "{\"decoder_start_token_id\": 16, \"no", "generation_config.json: 'decoder_start_token_id' is no whole number of 0 to 15"),
    ("\"no_timestamps_token_id\": 14", "\"x\": 14", "generation_config.json: has no 'no_timestamps_token_id', nor tokenizer.json a token"),
    ("\"transcribe\"", "\"x\"", "generation_config.json: 'task_to_id' has no 'transcribe'"),
    ("[2]", "[\"a\"]", "generation_config.json: 'begin_suppress_tokens' is no whole number of 0 to 15"),
    ("11}", "16}", "generation_config.json: '<|de|>' is no whole number of 0 to 15"),
    ("{\"<|en|>\": 10, \"<|de|>\": 11}", "null", "generation_config.json: the model knows one language, leave --language out"),
    ("{\"no", "{\"is_multilingual\": false, \"no", "generation_config.json: the model knows one language, leave --language out"),
    ("\"lang_to_id\"", "\"is_multilingual\": true, \"x\"", "generation_config.json: the model knows several languages, but there is no 'lang_to_id'"),
    ("[-1, 3]", "[8]", "generation_config.json: 'eos_token_id' [8] is suppressed, or the tokens of times (from 14 on)"),
    ("id\": 14", "id\": 9", "generation_config.json: 'eos_token_id' [8] is suppressed, or the tokens of times (from 9 on)"),
  ])
  func `a Whisper that isn't done is refused by its key`(_ old: String, _ new: String, _ message: String) throws {
    let (error, folder) = try Self.refusal(
      configuration: Self.whisper.replacingOccurrences(of: old, with: new), generation: Self.generation.replacingOccurrences(of: old, with: new),
      options: SequenceOptions(language: "de"))
    #expect(error?.message.hasPrefix("\(folder)/\(message)") == true, "\(error?.message ?? "accepted")")
  }

  @Test func `a model of several languages wants to know which, and Moonshine has no choice`() throws {
    func message(_ language: String?) throws -> String? {
      try Self.refusal(configuration: Self.whisper, generation: Self.generation, options: SequenceOptions(language: language)).error?.message
    }
    let (undecoded, place) = try Self.refusal(
      configuration: Self.whisper, vocabulary: #"{"model": {"type": "BPE", "vocab": {"a": 0}}}"#, generation: Self.generation,
      options: SequenceOptions(language: "en"))
    #expect(undecoded?.message.hasPrefix("\(place)/tokenizer.json: has no decoder ByteLevel") == true)
    #expect(try message(nil) == "the model knows several languages, say which with --language: de, en")
    #expect(try message("fr") == "the model knows several languages, but no 'fr': --language is one of de, en")
    // The next thing that is missing.
    #expect(try message("en")?.hasSuffix("tensor 'model.encoder.conv1.weight' is [0]; config.json makes it [16, 80, 3]") == true)
    let (error, folder) = try Self.refusal(options: SequenceOptions(shortestSeconds: 5))
    #expect(error?.message == "\(folder): is a Moonshine model, for which there is no --shortest-sound")
  }
}
