import ModelManifest
import YAMLReading

/// One family of heads a function; defaults are those of the manifest's types.
extension RecipeReading {
  private enum Family: String, CaseIterable {
    case classification, yolox, yolov5, yolov8, gfl, fastestdet, ssd, ctc
    case voiceActivity = "voice-activity"
  }

  func decoding(_ mapping: YAMLMapping) -> Decoding? {
    switch mapping.required("family")?.choice(of: Family.self) {
    case .classification: return classification(mapping)
    case .yolox: return yolox(mapping)
    case .yolov5: return yolov5(mapping)
    case .yolov8: return yolov8(mapping)
    case .gfl: return focalLoss(mapping)
    case .fastestdet: return fastestDet(mapping)
    case .ssd: return ssd(mapping)
    case .ctc: return ctc(mapping)
    case .voiceActivity: return voiceActivity(mapping)
    case nil:
      // Which keys belong here is unknown with the family.
      _ = mapping.all
      return nil
    }
  }

  private func classification(_ mapping: YAMLMapping) -> Decoding? {
    let output = mapping.required("output")?.string()
    let decoding = ClassificationDecoding(
      output: output ?? "", appliesSoftmax: mapping["softmax"]?.bool() ?? false, labelOffset: mapping["label-offset"]?.int(in: 0...100_000) ?? 0)
    return output == nil ? nil : .classification(decoding)
  }

  private func yolox(_ mapping: YAMLMapping) -> Decoding? {
    let output = mapping.required("output")?.string()
    let decoding = YOLOXDecoding(
      output: output ?? "", strides: strides(mapping), appliesSigmoid: mapping["sigmoid"]?.bool() ?? false,
      suppression: suppression(mapping["suppression"]))
    return output == nil ? nil : .yolox(decoding)
  }

  /// Decoded boxes in one `output`, or raw heads: `outputs` and `anchors`, a stride each.
  private func yolov5(_ mapping: YAMLMapping) -> Decoding? {
    let isRaw = mapping["outputs"] != nil
    let outputs = isRaw ? names(mapping["outputs"]) : mapping.required("output")?.string().map { [$0] }
    var decoding = YOLOv5Decoding(outputs: outputs ?? [], strides: strides(mapping), suppression: suppression(mapping["suppression"]))
    decoding.appliesSigmoid = mapping["sigmoid"]?.bool() ?? isRaw
    if isRaw {
      let anchors = mapping.required("anchors")
      decoding.anchors = anchors?.list { $0.list(boxSize) } ?? []
      if let anchors, !decoding.anchors.isEmpty, decoding.anchors.count != decoding.strides.count {
        anchors.report("decoding.anchors: \(decoding.anchors.count) lists for \(decoding.strides.count) strides")
      }
      // An empty list would mean decoded boxes.
      if let anchors, decoding.anchors.isEmpty { anchors.report("decoding.anchors: give a list of [width, height] a stride") }
    } else {
      decoding.isNormalised = mapping["normalised"]?.bool() ?? false
    }
    return outputs == nil ? nil : .yolov5(decoding)
  }

  /// Decoded boxes in one `output`, or raw heads: `outputs`, a stride each.
  private func yolov8(_ mapping: YAMLMapping) -> Decoding? {
    guard mapping["outputs"] != nil else {
      let output = mapping.required("output")?.string()
      let decoding = YOLOv8Decoding(
        output: output ?? "", strides: strides(mapping), isNormalised: mapping["normalised"]?.bool() ?? false,
        suppression: suppression(mapping["suppression"]))
      return output == nil ? nil : .yolov8(decoding)
    }
    let outputs = names(mapping["outputs"])
    let decoding = DistributionDecoding(
      scores: outputs ?? [], order: .distancesFirst, strides: strides(mapping), bins: mapping["bins"]?.int(in: 1...256) ?? 16,
      appliesSigmoid: mapping["sigmoid"]?.bool() ?? true, suppression: suppression(mapping["suppression"]))
    return outputs == nil ? nil : .distribution(decoding)
  }

  /// `scores` and `distances`, or `outputs` with both.
  private func focalLoss(_ mapping: YAMLMapping) -> Decoding? {
    var decoding = DistributionDecoding(scores: [], strides: strides(mapping), suppression: suppression(mapping["suppression"]))
    if mapping["outputs"] != nil {
      decoding.scores = names(mapping["outputs"]) ?? []
      if let order = mapping["order"]?.choice(of: DistributionDecoding.Order.self) { decoding.order = order }
    } else {
      decoding.scores = names(mapping.required("scores")) ?? []
      decoding.distances = names(mapping.required("distances")) ?? []
      if decoding.distances.isEmpty { decoding.scores = [] }
    }
    if let bins = mapping["bins"]?.int(in: 1...256) { decoding.bins = bins }
    if let offset = mapping["cell-offset"]?.float(in: -1...1) { decoding.cellOffset = Float(offset) }
    if let sigmoid = mapping["sigmoid"]?.bool() { decoding.appliesSigmoid = sigmoid }
    return decoding.scores.isEmpty ? nil : .distribution(decoding)
  }

  private func fastestDet(_ mapping: YAMLMapping) -> Decoding? {
    let output = mapping.required("output")?.string()
    var decoding = FastestDetDecoding(output: output ?? "", suppression: suppression(mapping["suppression"]))
    if let stride = mapping["stride"]?.int(in: 1...1024) { decoding.stride = stride }
    if let exponent = mapping["objectness-exponent"]?.float(in: 0...8) { decoding.objectnessExponent = Float(exponent) }
    if let exponent = mapping["class-exponent"]?.float(in: 0...8) { decoding.classExponent = Float(exponent) }
    return output == nil ? nil : .fastestdet(decoding)
  }

  private func ssd(_ mapping: YAMLMapping) -> Decoding? {
    let scores = mapping.required("scores")?.string()
    let boxes = mapping.required("boxes")?.string()
    var decoding = SSDDecoding(
      scores: scores ?? "", boxes: boxes ?? "", backgroundClass: mapping["background"]?.int(in: 0...100_000),
      suppression: suppression(mapping["suppression"]))
    let (softmax, sigmoid) = (mapping["softmax"]?.bool() ?? false, mapping["sigmoid"]?.bool() ?? false)
    if softmax, sigmoid { mapping.report("sigmoid", "decoding.sigmoid: scores are made probabilities by softmax or by sigmoid, not by both") }
    decoding.activation = softmax ? .softmax : sigmoid ? .sigmoid : .none
    if let value = mapping["priors"] {
      decoding.priors = value.mapping(priors)
      decoding.boxFormat = .centre
      if decoding.priors == nil { return nil }
    } else if let normalised = mapping["normalised"]?.bool() {
      decoding.isNormalised = normalised
    }
    if let format = mapping["box-format"]?.choice(of: SSDDecoding.BoxFormat.self) { decoding.boxFormat = format }
    if decoding.priors != nil, decoding.boxFormat != .centre, decoding.boxFormat != .centreYX {
      mapping.report("box-format", "decoding.box-format: offsets from priors are centres and sizes: centre or centre-yx")
    }
    return scores == nil || boxes == nil ? nil : .ssd(decoding)
  }

  private func priors(_ mapping: YAMLMapping) -> SSDPriors? {
    let value = mapping.required("grids")
    let grids = value?.list { item in
      item.mapping { grid -> SSDPriors.Grid? in
        let cells = grid.required("cells")?.size()
        let sizes = grid.required("sizes")?.list(boxSize)
        guard let cells, let sizes else { return nil }
        if sizes.isEmpty { grid.report("sizes", "\(item.path).sizes: give one at least") }
        return SSDPriors.Grid(columns: cells.width, rows: cells.height, sizes: sizes)
      }
    }
    let centre = mapping["centre-variance"]?.float(in: 1e-6...1e3) ?? 0.1
    let size = mapping["size-variance"]?.float(in: 1e-6...1e3) ?? 0.2
    guard let value, let grids else { return nil }
    if grids.isEmpty { value.report("\(value.path): give one at least") }
    return SSDPriors(grids: grids, centreVariance: Float(centre), sizeVariance: Float(size))
  }

  /// The alphabet as one text, a symbol a character, or as a list.
  private func ctc(_ mapping: YAMLMapping) -> Decoding? {
    let output = mapping.required("output")?.string()
    let value = mapping.required("alphabet")
    let alphabet = value.flatMap { $0.isSequence ? $0.list { $0.string() } : $0.string().map { text in text.map { String($0) } } }
    let blank = mapping.required("blank")?.int(in: 0...1_000_000)
    guard let output, let alphabet, let blank else { return nil }
    guard blank <= alphabet.count else {
      mapping.report("blank", "decoding.blank: \(blank) is no index among \(alphabet.count) symbols and the blank")
      return nil
    }
    return .ctc(CTCDecoding(output: output, alphabet: alphabet, blank: blank))
  }

  private func voiceActivity(_ mapping: YAMLMapping) -> Decoding? {
    let output = mapping.required("output")?.string()
    let appliesSigmoid = mapping["sigmoid"]?.bool() ?? false
    return output.map { .voiceActivity(VoiceActivityDecoding(output: $0, appliesSigmoid: appliesSigmoid)) }
  }

  private func strides(_ mapping: YAMLMapping) -> [Int] {
    let strides = mapping["strides"]?.list { $0.int(in: 1...1024) } ?? [8, 16, 32]
    if strides.isEmpty { mapping.report("strides", "decoding.strides: give one at least") }
    return strides
  }

  /// One name, or a list of them.
  private func names(_ value: YAMLValue?) -> [String]? {
    guard let value else { return nil }
    guard value.isSequence else { return value.string().map { [$0] } }
    guard let names = value.list({ $0.string() }) else { return nil }
    if names.isEmpty {
      value.report("\(value.path): give one at least")
      return nil
    }
    return names
  }

  /// `[width, height]` in input pixels.
  private func boxSize(_ value: YAMLValue) -> BoxSize? {
    guard let sides = value.list({ $0.float(in: 1e-3...1e6) }) else { return nil }
    guard sides.count == 2 else {
      value.report("\(value.path): expected [width, height], found \(sides.count) numbers")
      return nil
    }
    return BoxSize(width: Float(sides[0]), height: Float(sides[1]))
  }

  private func suppression(_ value: YAMLValue?) -> Suppression {
    var suppression = Suppression()
    _ = value?.mapping { mapping -> Bool? in
      if let score = mapping["score"]?.float(in: 0...1) { suppression.scoreThreshold = Float(score) }
      if let overlap = mapping["overlap"]?.float(in: 0...1) { suppression.overlapThreshold = Float(overlap) }
      if let isClassWise = mapping["class-wise"]?.bool() { suppression.isClassWise = isClassWise }
      if let limit = mapping["limit"]?.int(in: 1...10_000) { suppression.limit = limit }
      return true
    }
    return suppression
  }
}

extension Manifest.Task {
  /// Whether its models take sound and nothing else.
  var hears: Bool { self == .transcription || self == .voiceActivity }
}

extension Decoding {
  var task: Manifest.Task {
    switch self {
    case .classification: .classification
    case .yolox, .yolov5, .yolov8, .distribution, .fastestdet, .ssd: .detection
    case .ctc, .stepwise: .transcription
    case .voiceActivity: .voiceActivity
    }
  }
}
