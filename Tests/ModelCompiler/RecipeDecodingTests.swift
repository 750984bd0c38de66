import Foundation
import ModelManifest
import Testing

@testable import ModelCompiler

/// What recipes say, and what they are told when they say it wrongly.
@Suite struct RecipeDecodingTests {
  static func read(_ text: String) throws -> Recipe {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("recipe-\(UUID().uuidString).yaml").path
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try Recipe(contentsOf: path)
  }

  /// The messages without the file's name, a line each.
  static func mistakes(_ text: String) throws -> [String] {
    do {
      _ = try read(text)
      return []
    } catch let error as CompilerError {
      return error.message.split(separator: "\n").map { line in String(line[line.range(of: ".yaml:")!.upperBound...]) }
    }
  }

  static func decoding(_ text: String) throws -> Decoding? {
    try read("task: detection\ninput: {tensor: x, size: 64x64}\ndecoding: \(text)\n").decoding
  }

  static func mistakes(inDecoding text: String, task: String = "detection") throws -> [String] {
    let input = task == "transcription" ? "sound: {tensor: x, sample-rate: 16000, features: waveform, chunk: 512}" : "input: {tensor: x, size: 64x64}"
    return try mistakes("task: \(task)\n\(input)\ndecoding: \(text)\n")
  }

  @Test func `YOLOv5 heads are read, decoded or raw`() throws {
    #expect(
      try Self.decoding("{family: yolov5, output: y, strides: [8, 16, 32, 64], normalised: true}")
        == .yolov5(YOLOv5Decoding(outputs: ["y"], strides: [8, 16, 32, 64], isNormalised: true)))
    #expect(
      try Self.decoding("{family: yolov5, outputs: [a, b], strides: [8, 16], anchors: [[[10, 13], [16, 30]], [[33.5, 23]]]}")
        == .yolov5(
          YOLOv5Decoding(
            outputs: ["a", "b"], strides: [8, 16],
            anchors: [[BoxSize(width: 10, height: 13), BoxSize(width: 16, height: 30)], [BoxSize(width: 33.5, height: 23)]], appliesSigmoid: true)))
  }

  @Test func `YOLOv8 heads are read, decoded or raw`() throws {
    #expect(try Self.decoding("{family: yolov8, output: output0}") == .yolov8(YOLOv8Decoding(output: "output0")))
    #expect(
      try Self.decoding("{family: yolov8, outputs: [a, b, c]}")
        == .distribution(DistributionDecoding(scores: ["a", "b", "c"], order: .distancesFirst, bins: 16, appliesSigmoid: true)))
  }

  @Test func `generalised focal loss, FastestDet and SSD heads are read`() throws {
    #expect(
      try Self.decoding("{family: gfl, scores: [a, b], distances: [c, d], strides: [8, 16], bins: 9, cell-offset: 0, sigmoid: true}")
        == .distribution(DistributionDecoding(scores: ["a", "b"], distances: ["c", "d"], strides: [8, 16], bins: 9, cellOffset: 0, appliesSigmoid: true)))
    #expect(
      try Self.decoding("{family: gfl, outputs: y, strides: [8, 16, 32, 64], order: scores-first}")
        == .distribution(DistributionDecoding(scores: ["y"], strides: [8, 16, 32, 64])))
    #expect(
      try Self.decoding("{family: fastestdet, output: \"758\", stride: 32, class-exponent: 0.5, suppression: {limit: 9}}")
        == .fastestdet(FastestDetDecoding(output: "758", stride: 32, classExponent: 0.5, suppression: Suppression(limit: 9))))
    #expect(
      try Self.decoding(
        "{family: ssd, scores: s, boxes: b, background: 0, sigmoid: true, box-format: centre-yx, "
          + "priors: {grids: [{cells: 19x10, sizes: [[30, 30]]}], size-variance: 0.5}}")
        == .ssd(
          SSDDecoding(
            scores: "s", boxes: "b", boxFormat: .centreYX, activation: .sigmoid,
            priors: SSDPriors(grids: [.init(columns: 19, rows: 10, sizes: [BoxSize(width: 30, height: 30)])], sizeVariance: 0.5))))
  }

  @Test func `speech recipes are read`() throws {
    let recipe = try Self.read(
      """
      task: transcription
      sound: {tensor: mel, sample-rate: 16000, features: log-mel, window: 320, hop: 160, bands: 64, pre-emphasis: 0.97, normalise: band}
      shapes: {mel: 1x64x16..512}
      decoding: {family: ctc, output: y, alphabet: " ab'", blank: 4}
      """)
    #expect(recipe.decoding == .ctc(CTCDecoding(output: "y", alphabet: [" ", "a", "b", "'"], blank: 4)))
    #expect(recipe.shapes == ["mel": [.fixed(1), .fixed(64), .open(16...512)]])
    let sound = try #require(recipe.sound)
    #expect(sound.transform == 512 && sound.highestFrequency == 8000 && sound.normalisation == .band && sound.preEmphasis == 0.97 && sound.isCentred)
    #expect(recipe.manifest(defaultName: "m").sound == sound)
  }

  @Test(arguments: [
    ("{family: yolo-v5, output: y}", "did you mean \"yolov5\"?"),
    ("{family: yolov5, output: y, stride: [8]}", "did you mean \"strides\"?"),
    ("{family: yolov5, output: y, anchors: [[[1, 2]]]}", "unknown key \"anchors\""),
    ("{family: yolov5, outputs: [a, b, c]}", "\"anchors\" is missing"),
    ("{family: yolov5, outputs: [a, b, c], anchors: []}", "anchors"),
    ("{family: yolov5, outputs: [a, b, c], anchors: [[[1, 2]]]}", "1 lists for 3 strides"),
    ("{family: yolov5, outputs: [a, b, c], anchors: [[[1, 2]], [[1, 2]], [[1]]]}", "expected [width, height]"),
    ("{family: yolov5, outputs: [a, b, c], anchors: [[[1, 2]], [[1, 2]], [[0, 3]]]}", "decoding.anchors[2][0][0]"),
    ("{family: yolov8, output: y, strides: []}", "give one at least"),
    ("{family: yolov8, output: y, strides: [0]}", "from 1 to 1024"),
    ("{family: gfl, scores: [a], distance: [b]}", "did you mean \"distances\"?"),
    ("{family: gfl, outputs: [a], bins: 100000}", "from 1 to 256"),
    ("{family: gfl, outputs: [a], order: score-first}", "did you mean \"scores-first\"?"),
    ("{family: gfl, outputs: []}", "give one at least"),
    ("{family: fastestdet, output: y, strides: [16]}", "did you mean \"stride\"?"),
    ("{family: ssd, scores: s, boxes: b, softmax: true, sigmoid: true}", "not by both"),
    ("{family: ssd, scores: s, boxes: b, priors: {grids: []}}", "grids"),
    ("{family: ssd, scores: s, boxes: b, priors: {grids: [{cells: 2x2, sizes: []}]}}", "priors.grids[0].sizes"),
    ("{family: ssd, scores: s, boxes: b, priors: {grids: [{cells: 19, sizes: [[1, 1]]}]}}", "1280x720"),
    ("{family: ssd, scores: s, boxes: b, box-format: corners, priors: {grids: [{cells: 2x2, sizes: [[1, 1]]}]}}", "centre or centre-yx"),
    ("{family: ctc, output: y, alphabet: abc, blank: 3}", "the task is detection"),
  ])
  func `a mistake in a decoding is named with its line`(_ text: String, _ expected: String) throws {
    let found = try Self.mistakes(inDecoding: text)
    #expect(found.contains { $0.hasPrefix("3: ") && $0.contains(expected) }, "\(found)")
  }

  @Test(arguments: [
    ("{family: ctc, output: y, alphabet: abc, blank: 9}", "9 is no index"), ("{family: ctc, output: y, blank: 9}", "\"alphabet\" is missing"),
    ("{family: yolox, output: y}", "the task is transcription"), ("{family: voice-activity, output: y}", "the task is transcription"),
  ])
  func `a mistake in a speech decoding is named with its line`(_ text: String, _ expected: String) throws {
    let found = try Self.mistakes(inDecoding: text, task: "transcription")
    #expect(found.contains { $0.hasPrefix("3: ") && $0.contains(expected) }, "\(found)")
  }

  @Test(arguments: [
    ("task: transcription\ndecoding: {family: ctc, output: y, alphabet: a, blank: 1}", "\"sound\" is missing"),
    ("task: voice-activity\ndecoding: {family: voice-activity, output: y}", "\"sound\" is missing"),
    ("task: voice-activity\ndecoding: {family: voice-activity, logit: y}", "unknown key \"logit\""),
    ("task: raw\ninput: {tensor: x, size: 8x8}\nsound: {tensor: x, sample-rate: 8000, features: waveform, chunk: 1}", "either input"),
    ("task: raw\nsound: {tensor: x, sample-rate: 8000, features: mfcc, window: 200, hop: 100, bands: 40}", "\"coefficients\" is missing"),
    ("task: raw\nsound: {tensor: x, sample-rate: 8000, features: log-mel, window: 200, hop: 100, bands: 40, transform: 128}", "hold no window"),
    ("task: raw\nsound: {tensor: x, sample-rate: 8000, features: log-mel, window: 200, hop: 100, bands: 40, highest: 8000}", "to 4000"),
    ("task: raw\nsound: {tensor: x, sample-rate: 8000, features: log-mel, window: 200, hop: 100, bands: 40, lowest: 4000}", "must be below"),
    ("task: raw\nsound: {tensor: x, sample-rate: 8000, features: waveform, hop: 100, chunk: 5}", "unknown key \"hop\""),
    ("task: raw\nsound: {tensor: x, sample-rate: 8000, features: wave-form}", "did you mean \"waveform\"?"),
    ("task: raw\nshapes: {x: 1x0x3}", "shapes.x"), ("task: raw\nshapes: {x: 1x9..3}", "shapes.x"), ("task: raw\nshapes: {x: 1x1..2..3}", "shapes.x"),
    ("task: raw\nshapes: {x: 99999999999999999999}", "shapes.x"),
  ])
  func `a mistake in the sections for sound is named`(_ text: String, _ expected: String) throws {
    let found = try Self.mistakes(text)
    #expect(found.contains { $0.contains(expected) }, "\(found)")
  }

  @Test func `sections keep their place for later messages`() throws {
    let recipe = try Self.read("task: detection\ninput: {tensor: x, size: 64x64}\n\ndecoding: {family: yolov8, output: y}\n")
    #expect(recipe.place(of: "decoding").hasSuffix(".yaml:4") && recipe.place(of: "input").hasSuffix(".yaml:2"))
    #expect(recipe.place(of: "sound").hasSuffix(".yaml"))
  }

  /// Every recipe of the repository reads without a mistake, and has what product.md asks of it.
  @Test func `the repository's recipes are sound`() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Calibration/recipes").path
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }
    #expect(files.count >= 16)
    for file in files {
      let recipe = try Recipe(contentsOf: "\(folder)/\(file)")
      #expect(recipe.licence != nil && recipe.provenance != nil && recipe.name != nil, "\(file)")
    }
  }
}
