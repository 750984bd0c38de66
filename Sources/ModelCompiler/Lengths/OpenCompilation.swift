import ModelFormat
public import ModelManifest
public import ONNX

/// A size that the user gives an axis of an input.
public enum AxisSize: Equatable, Sendable {
  case fixed(Int)
  /// Stays open until run time, between these bounds.
  case open(ClosedRange<Int>)

  /// The size, or the largest that it may be.
  var upperBound: Int {
    switch self {
    case .fixed(let size): size
    case .open(let bounds): bounds.upperBound
    }
  }

  /// "224", or "16..2048" for a size that stays open.
  public init?(_ text: Substring) {
    let ends = text.split(separator: "..", omittingEmptySubsequences: false).map { Int($0) }
    guard 1...2 ~= ends.count, ends.allSatisfy({ $0 != nil && 1...1 << 24 ~= $0! }) else { return nil }
    if ends.count == 1 {
      self = .fixed(ends[0]!)
    } else {
      guard ends[0]! < ends[1]! else { return nil }
      self = .open(ends[0]!...ends[1]!)
    }
  }
}

/// The compilation of a model some of whose dimensions stay open.
///
/// Axes that the model gives one symbol (`[1, 64, T]` and `[1, T]`) are one open dimension; its bounds need to be given once.
public struct OpenCompilation {
  private let model: ONNXModel
  private let name: String
  private let options: CompilationOptions
  private let shapes: [String: [AxisSize]]
  private let dimensions: [OpenDimension]
  /// Of each dimension the size that the recipe's images have, for the frames of a sound some seconds, elsewhere the largest.
  private let declaredSizes: [Int]

  /// - Parameters:
  ///   - shapes: by input name, at least one with an open axis.
  ///   - options: what else is asked for; its shapes are ignored.
  /// - Throws: also where the recipe's images have a size that lies outside the bounds.
  public init(_ model: ONNXModel, name: String, options: CompilationOptions, shapes: [String: [AxisSize]]) throws(CompilerError) {
    self.model = model
    self.name = name
    self.options = options
    self.shapes = shapes
    let dimensions = try Self.dimensions(of: model, shapes)
    self.dimensions = dimensions
    declaredSizes = try Self.declaredSizes(of: dimensions, model, shapes, options.recipe)
  }

  /// The model with its dimensions open; its manifest declares images of the recipe's size.
  /// - Parameter finish: makes a program of a compilation whose dimensions are bound: in the model's own precision, or quantised.
  public func compiled(_ finish: @escaping (ModelCompilation) throws(CompilerError) -> CompiledModel) throws(CompilerError) -> CompiledModel {
    var result = try FamilyFitting.model(dimensions) { (sizes, parts) throws(CompilerError) in try finish(try compilation(sizes: sizes, parts: parts)) }
    result.manifest.input = options.recipe?.input
    // The model's inputs and the program's ports are numbered each by themselves.
    for dimension in dimensions.indices {
      result.family?.dimensions[dimension].places = dimensions[dimension].places.compactMap { place in
        let name = model.graph.inputs[place.input].name
        return result.program.inputs.firstIndex { $0.name == name }.map { OpenDimension.Place(input: $0, axis: place.axis) }
      }
    }
    return result
  }

  /// The compilation at the size that the recipe's images have, for sounds at ten seconds or the nearest bound, elsewhere at the upper bounds: what calibration observes and what accuracy is
  /// measured of.
  public func declared() throws(CompilerError) -> ModelCompilation { try compilation(sizes: declaredSizes) }

  /// The compilation on which many ways of quantising are tried: as `declared`, but for sounds at four seconds or the nearest bound.
  public func brief() throws(CompilerError) -> ModelCompilation {
    try compilation(sizes: try Self.declaredSizes(of: dimensions, model, shapes, options.recipe, seconds: Self.triedSeconds))
  }

  /// The sizes of `declared`.
  public var sizes: [BoundSize] { zip(dimensions, declaredSizes).map { BoundSize(name: $0.name, size: $1) } }

  private func compilation(sizes: [Int], parts: PartPlacement.Choice = .all) throws(CompilerError) -> ModelCompilation {
    var bound = options
    bound.shapes = [:]
    bound.parts = parts
    bound.takesSeveralImages = Self.images(among: dimensions, of: model, options.recipe) != nil
    for (index, input) in model.graph.inputs.enumerated() {
      let given = shapes[input.name]
      let places = dimensions.enumerated().flatMap { position, dimension in
        dimension.places.filter { $0.input == index }.map { (axis: $0.axis, size: sizes[position]) }
      }
      guard given != nil || !places.isEmpty else { continue }
      var shape = given?.map { size in if case .fixed(let value) = size { value } else { 1 } } ?? (input.dimensions ?? []).map(\.sizeOrOne)
      for place in places { shape[place.axis] = place.size }
      bound.shapes[input.name] = shape
      // Images of another size than the recipe's come only where that is left open.
      guard let image = options.recipe?.input, image.tensor == input.name, let axes = image.axes(in: shape) else { continue }
      for place in places {
        if place.axis == axes.height { bound.recipe?.input?.height = place.size }
        if place.axis == axes.width { bound.recipe?.input?.width = place.size }
      }
    }
    return try ModelCompilation(model, name: name, options: bound)
  }

  /// Of sound: as much as tells of speech, and of a longer clip its beginning.
  private static let calibratedSeconds = 10
  private static let triedSeconds = 4

  private static func declaredSizes(
    of dimensions: [OpenDimension], _ model: ONNXModel, _ shapes: [String: [AxisSize]], _ recipe: Recipe?, seconds: Int = calibratedSeconds
  ) throws(CompilerError) -> [Int] {
    var sizes = dimensions.map(\.bounds.upperBound)
    if let sound = recipe?.sound, let index = model.graph.inputs.firstIndex(where: { $0.name == sound.tensor }), let rank = shapes[sound.tensor]?.count {
      let frames = OpenDimension.Place(input: index, axis: rank - (sound.axes == .bandsFrames ? 1 : 2))
      if let position = dimensions.firstIndex(where: { $0.places.contains(frames) }) {
        let wanted = seconds * sound.sampleRate / max(1, sound.hop)
        sizes[position] = min(max(wanted, dimensions[position].bounds.lowerBound), dimensions[position].bounds.upperBound)
      }
    }
    guard let recipe, let image = recipe.input, let index = model.graph.inputs.firstIndex(where: { $0.name == image.tensor }),
      let axes = shapes[image.tensor].flatMap({ image.axes(in: $0.map(\.upperBound)) })
    else { return sizes }
    // Images are looked at one by one when a compilation observes or measures.
    if let images = images(among: dimensions, of: model, recipe) {
      guard dimensions[images].bounds.lowerBound == 1 else {
        throw CompilerError(
          .invalid,
          "\(recipe.place(of: "input")): '\(dimensions[images].name)' is how many images a run takes, and begins at \(dimensions[images].bounds.lowerBound): let it begin at 1"
        )
      }
      sizes[images] = 1
    }
    for (axis, size) in [(axes.height, image.height), (axes.width, image.width)] {
      guard let position = dimensions.firstIndex(where: { $0.places.contains(OpenDimension.Place(input: index, axis: axis)) }) else { continue }
      let (name, bounds) = (dimensions[position].name, dimensions[position].bounds)
      guard bounds.contains(size) else {
        throw CompilerError(
          .invalid,
          "\(recipe.place(of: "input")): the recipe prepares \(image.width)x\(image.height) images, and '\(name)' can be \(bounds.lowerBound) to "
            + "\(bounds.upperBound)")
      }
      sizes[position] = size
    }
    return sizes
  }

  /// The dimension that is how many of the recipe's images a run takes.
  private static func images(among dimensions: [OpenDimension], of model: ONNXModel, _ recipe: Recipe?) -> Int? {
    guard let index = model.graph.inputs.firstIndex(where: { $0.name == recipe?.input?.tensor }) else { return nil }
    return dimensions.firstIndex { $0.places.contains(OpenDimension.Place(input: index, axis: 0)) }
  }

  private static func dimensions(of model: ONNXModel, _ shapes: [String: [AxisSize]]) throws(CompilerError) -> [OpenDimension] {
    let names = model.graph.inputs.map(\.name)
    if let unknown = shapes.keys.sorted().first(where: { !names.contains($0) }) {
      throw CompilerError(.invalid, "--shape names '\(unknown)', which is no input of the model; it has: \(names.joined(separator: ", "))")
    }
    var found: [OpenDimension] = []
    for (index, input) in model.graph.inputs.enumerated() {
      for (axis, size) in (shapes[input.name] ?? []).enumerated() {
        guard case .open(let bounds) = size else { continue }
        let symbol = input.symbol(ofAxis: axis) ?? "\(input.name)[\(axis)]"
        let place = OpenDimension.Place(input: index, axis: axis)
        if let known = found.firstIndex(where: { $0.name == symbol }) {
          guard found[known].bounds == bounds else {
            throw CompilerError(.invalid, "the dimension '\(symbol)' has two pairs of bounds: give it the same everywhere, or once")
          }
          found[known].places.append(place)
        } else {
          found.append(OpenDimension(name: symbol, bounds: bounds, period: 1, places: [place]))
        }
      }
    }
    for (index, input) in model.graph.inputs.enumerated() where shapes[input.name] == nil {
      for axis in (input.dimensions ?? []).indices {
        guard let symbol = input.symbol(ofAxis: axis), let known = found.firstIndex(where: { $0.name == symbol }) else { continue }
        found[known].places.append(OpenDimension.Place(input: index, axis: axis))
      }
    }
    guard 1...ProgramFamily.largestDimensionCount ~= found.count else {
      throw CompilerError(.unsupported, "\(found.count) dimensions stay open; up to \(ProgramFamily.largestDimensionCount) can: bind the others")
    }
    return found
  }
}

extension ONNXValueInfo {
  fileprivate func symbol(ofAxis axis: Int) -> String? {
    guard let dimensions, dimensions.indices.contains(axis), case .symbol(let name) = dimensions[axis], !name.isEmpty else { return nil }
    return name
  }
}

extension ONNXDimension {
  /// An open size that nobody bounds is a batch, as in a compilation without open dimensions.
  fileprivate var sizeOrOne: Int { if case .size(let size) = self { size } else { 1 } }
}
