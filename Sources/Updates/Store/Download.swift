import Cryptography

extension PackageStore {
  /// A candidate whose blocks are still coming.
  struct Download {
    let index: BlockIndex
    /// Where each block stands, by address.
    let places: [SHA256Digest: [Int]]
    private(set) var fetched: FetchedBlocks
    /// Places written since the last sync, and their raw bytes.
    private(set) var unsynced: [Int] = []
    private(set) var unsyncedByteCount = 0

    init(_ index: BlockIndex, _ fetched: FetchedBlocks) {
      self.index = index
      self.fetched = fetched
      places = Dictionary(grouping: index.blocks.indices) { index.blocks[$0].digest }
    }

    /// A block was written into these places.
    mutating func add(_ places: [Int]) {
      for place in places where !fetched.isFetched[place] {
        fetched.add(place)
        unsynced.append(place)
        unsyncedByteCount += index.blocks[place].rawByteCount
      }
    }

    /// All that was written is durable, and noted so.
    mutating func noteSync() { (unsynced, unsyncedByteCount) = ([], 0) }

    /// What was written since the last sync is lost.
    mutating func forgetUnsynced() {
      for place in unsynced { fetched.remove(place) }
      noteSync()
    }
  }
}
