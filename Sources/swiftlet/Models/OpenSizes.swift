import Inference
import ModelFormat
import ModelManifest

extension ModelSourceOptions {
  /// Binds what a package left open to the sizes given; the upper bounds where none are.
  func bind<Engine: Backend & ~Copyable>(_ session: Session<Engine>, _ package: ModelPackage) throws {
    guard let family = package.family, !shape.isEmpty else { return }
    let given = try boundShapes()
    let program = package.program
    if let unknown = given.keys.sorted().first(where: { name in !program.inputs.contains { $0.name == name } }) {
      throw CommandFailure("--shape names '\(unknown)', which is no input of \(package.origin)", status: .wrongUse)
    }
    // An input that isn't given follows the others where they share a dimension.
    let places = family.dimensions.flatMap(\.places)
    for port in program.inputs where given[port.name].map({ $0.count == port.declaredDimensions.count }) == false {
      throw CommandFailure("--shape \(port.name) wants \(port.declaredDimensions.count) sizes", status: .wrongUse)
    }
    let sizes = try family.dimensions.map { dimension in
      let found = Set(dimension.places.compactMap { place in given[program.inputs[place.input].name].map { $0[place.axis] } })
      guard found.count <= 1 else { throw CommandFailure("--shape gives '\(dimension.name)' two sizes", status: .wrongUse) }
      return found.first ?? dimension.bounds.upperBound
    }
    for (index, port) in program.inputs.enumerated() {
      for (axis, size) in (given[port.name] ?? []).enumerated() where !places.contains(OpenDimension.Place(input: index, axis: axis)) {
        guard size == port.declaredDimensions[axis] else {
          throw CommandFailure("axis \(axis) of '\(port.name)' is \(port.declaredDimensions[axis]) in \(package.origin), not \(size)", status: .wrongUse)
        }
      }
    }
    try session.bind(sizes: sizes)
  }
}
