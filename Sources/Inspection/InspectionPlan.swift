/// Settings that fit a model: its classes take the place of names.
public struct InspectionPlan: Sendable {
  struct Rule: Sendable {
    let when: BoundExpression
    let until: BoundExpression?
  }

  let rules: [Rule]
  /// Of parts; nil where none are tracked.
  let partLabel: Int?
  let isClassification: Bool
  /// The least score of what is reported.
  public let threshold: Float

  /// - Throws: what in the settings doesn't fit the model; says which rule.
  public init(_ settings: InspectionSettings, labels: [String], isClassification: Bool, threshold: Float) throws(InspectionError) {
    var rules: [Rule] = []
    for rule in settings.rules {
      do throws(InspectionError) {
        let when = try BoundExpression(rule.when, labels: labels, isClassification: isClassification)
        try rule.when.check(againstThreshold: threshold)
        try rule.until?.check(againstThreshold: threshold)
        var until: BoundExpression?
        if let expression = rule.until { until = try BoundExpression(expression, labels: labels, isClassification: isClassification) }
        rules.append(Rule(when: when, until: until))
      } catch { throw InspectionError(error.code, "rule \(rule.name): \(error.explanation)") }
    }
    self.rules = rules
    if case .tracked(let label, _, _) = settings.parts?.kind {
      guard !isClassification else {
        throw InspectionError(.unsuitable, "parts: the model judges whole frames: there is nothing to track; write \"trigger: frame\"")
      }
      guard let index = labels.firstIndex(of: label) else { throw unknownName(label, "class", labels, column: 0, article: "parts: the model has no") }
      partLabel = index
    } else {
      partLabel = nil
    }
    (self.isClassification, self.threshold) = (isClassification, threshold)
  }

  /// The least score that the decoder must let through.
  public func decodingThreshold(_ settings: InspectionSettings) -> Float {
    guard let tracking = settings.tracking, !isClassification else { return threshold }
    return min(threshold, tracking.leastScore)
  }
}
