/// The value of a dense grid between its elements, linearly along each axis; outside the grid it is zero.
func linearSample(_ values: ArraySlice<Double>, _ extents: [Int], at point: [Double]) -> Double {
  guard zip(point, extents).allSatisfy({ $0 > -1 && $0 < Double($1) }) else { return 0 }
  var corners = [(offset: 0, weight: 1.0)]
  for (coordinate, extent) in zip(point, extents) {
    let low = coordinate.rounded(.down)
    let fraction = coordinate - low
    let own = [(Int(low), 1 - fraction), (Int(low) + 1, fraction)].filter { 0..<extent ~= $0.0 && $0.1 != 0 }
    corners = corners.flatMap { corner in own.map { (corner.offset * extent + $0.0, corner.weight * $0.1) } }
  }
  return corners.reduce(0) { $0 + $1.weight * values[values.startIndex + $1.offset] }
}
