public import ModelFormat

extension ModelPackage {
  /// The program for images as the manifest declares them: where their size is left open, the one of that size, elsewhere the largest.
  /// - Parameter batch: images that a run takes, where the package leaves that open.
  public func programForImages(batch: Int = 1) throws(ModelFormatError) -> Program {
    guard let family, let image = manifest.input, let index = program.inputs.firstIndex(where: { $0.name == image.tensor }),
      program.inputs[index].declaredDimensions.count == 4
    else { return program }
    let port = program.inputs[index]
    // Images lie channels-last: from the tensor's axes follow the declared ones.
    let (row, column) = (Int(port.permutation[1]), Int(port.permutation[2]))
    let images = Int(port.permutation[0])
    let sizes = family.dimensions.map { dimension in
      if dimension.places.contains(OpenDimension.Place(input: index, axis: images)) { return batch }
      if dimension.places.contains(OpenDimension.Place(input: index, axis: row)) { return image.height }
      if dimension.places.contains(OpenDimension.Place(input: index, axis: column)) { return image.width }
      return dimension.bounds.upperBound
    }
    let chosen = try family.program(sizes: sizes)
    unsafe try chosen.validate(weights: weights)
    return chosen
  }
}
