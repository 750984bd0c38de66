/// What a simulated frame truly shows at one place, in pixels of that frame, clipped to it.
public struct GroundTruthBox: Sendable, Equatable {
  /// A defect's label, or `part`.
  public var label: String
  /// The index in `ConveyorScene.labels`; nil for a part.
  public var classIndex: Int?
  /// Number of the part that it is, or is on: the same in all frames, so that recall can be judged by part.
  public var part: Int
  /// Left and top edge, width and height.
  public var x: Float
  public var y: Float
  public var width: Float
  public var height: Float
  /// The share of the whole box that lies in the frame, 0…1.
  public var visibility: Float
}
