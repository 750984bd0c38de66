import Pipelines
import Testing

@Suite struct BoundedQueueTests {
  let graveyard = Graveyard()

  private func filled(_ policy: BoundedQueue<Token>.DropPolicy, capacity: Int, with numbers: Range<Int>) -> BoundedQueue<Token> {
    let queue = BoundedQueue<Token>(capacity: capacity, policy: policy)
    for number in numbers { queue.push(Token(number: number, graveyard: graveyard)) }
    return queue
  }

  private func drain(_ queue: BoundedQueue<Token>) -> [Int] {
    var numbers: [Int] = []
    while let token = queue.pop(timeout: .zero) { numbers.append(token.number) }
    return numbers
  }

  @Test func `a full queue refuses the newest when told to`() {
    let queue = filled(.rejectNewest, capacity: 3, with: 0..<5)
    #expect(queue.dropCount == 2)
    #expect(drain(queue) == [0, 1, 2])
  }

  @Test func `a full queue gives up the oldest when told to`() {
    let queue = filled(.dropOldest, capacity: 3, with: 0..<5)
    #expect(queue.dropCount == 2)
    #expect(graveyard.numbers == [0, 1])
    #expect(drain(queue) == [2, 3, 4])
  }

  @Test func `elements come out in order across the ring's seam`() {
    let queue = filled(.rejectNewest, capacity: 4, with: 0..<3)
    let first = number(of: queue.pop())
    let second = number(of: queue.pop())
    #expect([first, second] == [0, 1])
    for number in 3..<6 { queue.push(Token(number: number, graveyard: graveyard)) }
    #expect(queue.count == 4)
    #expect(drain(queue) == [2, 3, 4, 5])
    #expect(queue.dropCount == 0)
  }

  @Test func `a queue's death is its elements' death`() {
    do {
      let queue = filled(.rejectNewest, capacity: 4, with: 0..<3)
      #expect(queue.count == 3)
    }
    #expect(graveyard.numbers.sorted() == [0, 1, 2])
  }

  @Test func `a closed queue refuses, gives what is in it and is then finished`() {
    let queue = filled(.dropOldest, capacity: 4, with: 0..<2)
    queue.close()
    let accepted = queue.push(Token(number: 9, graveyard: graveyard))
    #expect(!accepted)
    let first = number(of: queue.pop())
    let second = number(of: queue.pop())
    let third = number(of: queue.pop())
    #expect([first, second, third] == [0, 1, nil])
    #expect(queue.isFinished)
    #expect(queue.dropCount == 0)
  }

  @Test func `several producers and consumers lose nothing but what is counted`() throws {
    let queue = BoundedQueue<Token>(capacity: 8, policy: .rejectNewest)
    let graveyard = graveyard
    let taken = Graveyard()
    let consumers = try (0..<2).map { _ in
      try DataPlaneThread(name: "consumer") {
        while let token = queue.pop() { taken.bury(token.number) }
      }
    }
    let producers = try (0..<3).map { producer in
      try DataPlaneThread(name: "producer") {
        for number in 0..<1000 { queue.push(Token(number: producer * 1000 + number, graveyard: graveyard)) }
      }
    }
    for thread in producers { thread.join() }
    queue.close()
    for thread in consumers { thread.join() }
    #expect(taken.numbers.count + Int(queue.dropCount) == 3000)
    #expect(Set(taken.numbers).count == taken.numbers.count)
    #expect(graveyard.numbers.count == 3000)
  }
}
