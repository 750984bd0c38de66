import CImaging
import Tensors

/// Which of a frame's rows a pass reads, those of chroma too, and where they come to lie one behind the other.
@safe struct FrameRows: ~Copyable {
  /// Rows of the tensor.
  private let limit: Int
  private let memory: AlignedBytes
  private(set) var count = 0
  private(set) var chromaCount = 0
  /// Of each chosen row its number in the frame.
  let numbers: UnsafeMutablePointer<Int32>
  /// The same, in planes of chroma, whose rows serve two each.
  let chromaNumbers: UnsafeMutablePointer<Int32>
  /// For each row of the content, the place of the first of its two among the chosen.
  let first: UnsafeMutablePointer<Int32>
  /// For each chosen row, the place of its chroma among the chosen.
  let chroma: UnsafeMutablePointer<Int32>

  /// Two rows of a frame at most make one of a tensor.
  static func most(height: Int) -> Int { 2 * height }

  init(height: Int) {
    limit = height
    let most = Self.most(height: height)
    memory = AlignedBytes(count: 4 * (3 * most + height))
    unsafe numbers = memory.bytes.baseAddress!.assumingMemoryBound(to: Int32.self)
    (unsafe chromaNumbers, unsafe chroma, unsafe first) = unsafe (numbers + most, numbers + 2 * most, numbers + 3 * most)
  }

  /// Chooses what `swl_prepare` would read: of a row whose second has no weight, that isn't.
  /// - Parameter height: rows of the frame.
  mutating func choose(_ pass: swl_preparation, height: Int) {
    (count, chromaCount) = (0, 0)
    var last: Int32 = -1
    var line = 0
    while unsafe line < min(limit, Int(pass.content_height)) {
      // They never go back, and the one before has chosen at most the next.
      let top = unsafe pass.y_first[line]
      if top > last { append(top, &last) }
      unsafe first[line] = Int32(count) - 1 - (last - top)
      if unsafe pass.y_weight[line] != 0, top + 1 < height, top == last { append(top + 1, &last) }
      line += 1
    }
  }

  private mutating func append(_ row: Int32, _ last: inout Int32) {
    if unsafe chromaCount == 0 || chromaNumbers[chromaCount - 1] != row / 2 {
      unsafe chromaNumbers[chromaCount] = row / 2
      chromaCount += 1
    }
    unsafe chroma[count] = Int32(chromaCount) - 1
    unsafe numbers[count] = row
    count += 1
    last = row
  }
}
