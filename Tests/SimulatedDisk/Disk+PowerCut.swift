import Pipelines

extension Disk {
  public static let sector = 512

  /// How a power cut treats what wasn't synced.
  public enum Cut: Hashable, Sendable {
    /// All of it was written in time. So it is after a killed process, too.
    case keepsAll
    /// None of it was.
    case keepsSynced
    /// None of it, but the names of files made and deleted.
    case keepsNames
    /// Some sectors, sizes and names, in older versions or newer.
    case tears(seed: UInt64)
  }

  /// What the disk holds when the power is back.
  public func contents(after cut: Cut) -> [String: FileImage] {
    switch cut {
    case .keepsAll: names.mapValues { files[$0].current }
    case .keepsSynced: syncedNames.mapValues { files[$0].synced }
    case .keepsNames: names.mapValues { files[$0].synced }
    case .tears(let seed): torn(seed)
    }
  }

  private func torn(_ seed: UInt64) -> [String: FileImage] {
    var generator = SeededRandom(seed: seed)
    var kept = syncedNames
    for name in Set(pendingNames.map(\.name)).sorted() {
      let versions = pendingNames.filter { $0.name == name }.map(\.file)
      let count = Self.cut(versions.count, &generator)
      if count > 0 { kept[name] = versions[count - 1] }
    }
    var contents: [String: FileImage] = [:]
    for (name, file) in kept.sorted(by: { $0.key < $1.key }) { contents[name] = files[file].torn(&generator) }
    return contents
  }

  /// How many of `count` changes were kept: often none, often all, else any number.
  fileprivate static func cut(_ count: Int, _ generator: inout SeededRandom) -> Int {
    switch generator.next() % 3 {
    case 0: 0
    case 1: count
    default: Int(generator.next() % UInt64(count + 1))
    }
  }
}

extension Disk.File {
  fileprivate func torn(_ generator: inout SeededRandom) -> FileImage {
    guard !pending.isEmpty else { return synced }
    // Space that a file grew by and whose sectors never arrived reads as zeros, on some file systems as anything.
    let filler: UInt8 = generator.next() % 2 == 0 ? 0 : 0xA5
    var cuts: [Int: Int] = [:]
    var image = synced
    var (size, keptSize) = (synced.bytes.count, synced.bytes.count)
    let sizeCut = Disk.cut(pending.count, &generator)
    for (index, change) in pending.enumerated() {
      for (sector, part) in change.parts(in: image.bytes.count) {
        let cut = cuts[sector] ?? Disk.cut(pending.count, &generator)
        cuts[sector] = cut
        guard index < cut else { continue }
        if image.bytes.count < part.end { image.resize(to: part.end, filling: filler) }
        image.write(part.bytes, at: part.start)
      }
      size = change.size(after: size)
      if index < sizeCut { keptSize = size }
    }
    image.resize(to: keptSize, filling: filler)
    return image
  }
}

extension Disk.Change {
  typealias Part = (start: Int, end: Int, bytes: ArraySlice<UInt8>)

  fileprivate func size(after size: Int) -> Int {
    switch self {
    case .write(let offset, let bytes): max(size, offset + bytes.count)
    case .truncate(let size): size
    }
  }

  /// The change sector by sector. Truncating leaves zeros up to `end`, should the file grow again.
  fileprivate func parts(in end: Int) -> [(sector: Int, part: Part)] {
    switch self {
    case .write(let offset, let bytes): Self.parts(of: bytes, at: offset)
    case .truncate(let size): size < end ? Self.parts(of: [UInt8](repeating: 0, count: end - size), at: size) : []
    }
  }

  private static func parts(of bytes: [UInt8], at offset: Int) -> [(sector: Int, part: Part)] {
    guard !bytes.isEmpty else { return [] }
    return (offset / Disk.sector...(offset + bytes.count - 1) / Disk.sector).map { sector in
      let (start, end) = (max(offset, sector * Disk.sector), min(offset + bytes.count, (sector + 1) * Disk.sector))
      return (sector, (start, end, bytes[start - offset..<end - offset]))
    }
  }
}
