import ModelGraph

/// All that calibration has found out about a model: enough to quantise it at any size of its open dimensions.
public struct CalibrationResult: Sendable {
  var observed: ObservedValues {
    didSet { ranges = nil }
  }
  /// The ranges that the method gives; nil until they are asked for.
  private var ranges: RangeChoice?
  /// Changes of the float graph that leave what it computes as it is.
  var equalisation = ChannelEqualisation()
  /// By the name of a layer's output: weights may share theirs.
  var rounding: [String: RoundedWeights] = [:]
  /// Names of values that stay float.
  var keptFloat: Set<String> = []

  /// How many values were chosen to stay float.
  public var keptFloatCount: Int { keptFloat.count }

  init(observed: ObservedValues) { self.observed = observed }

  /// How ranges are chosen from what was observed; may be changed afterwards.
  public var method: CalibrationMethod {
    get { observed.method }
    set { if newValue != method { observed.method = newValue } }
  }

  /// Images that were observed.
  public var sampleCount: Int { observed.sampleCount }

  /// Searches for the ranges once, for all the graphs that are annotated afterwards.
  mutating func chooseRanges(_ graph: Graph) {
    if ranges == nil { ranges = RangeChoice(equalisation.applied(to: graph), observed) }
  }

  /// The canonical graph with all 8-bit forms.
  func annotated(_ graph: Graph) -> Graph { annotatedNamingUneven(graph).graph }

  /// The same, with the names of the values that stay float because no single scale serves all their channels.
  func annotatedNamingUneven(_ graph: Graph) -> (graph: Graph, uneven: [String]) {
    let equalised = equalisation.applied(to: graph)
    var annotated = equalised
    let ranges = ranges ?? RangeChoice(equalised, observed)
    let uneven = QuantisationPlan(graph: equalised, observed: observed, ranges: ranges, keptFloat: keptFloat).annotate(&annotated)
    for layer in LinearLayer.layers(of: equalised) {
      guard let rounded = rounding[equalised[layer.output].name] else { continue }
      rounded.store(in: &annotated, layer)
    }
    return (annotated, uneven.map { equalised[$0].name })
  }
}
