/// Every TFLite operator that has a translation: one line each in its family's table.
extension TFLiteTranslation {
  static let handlers: [String: Handler] = [linear, images, elementwise, conversions, shapes, slices, joins, reductions, generators]
    .reduce(into: [:]) { all, family in all.merge(family) { first, _ in first } }
}
