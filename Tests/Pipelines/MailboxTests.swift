import Pipelines
import Testing

@Suite struct MailboxTests {
  let graveyard = Graveyard()

  @Test func `the newest element wins and what it replaced is counted`() {
    let mailbox = Mailbox<Token>()
    for number in 1...3 { mailbox.put(Token(number: number, graveyard: graveyard)) }
    #expect(mailbox.dropCount == 2)
    #expect(graveyard.numbers == [1, 2])
    let last = number(of: mailbox.take())
    #expect(last == 3)
    let next = number(of: mailbox.take(timeout: .zero))
    #expect(next == nil)
  }

  @Test func `a taken element is no drop`() {
    let mailbox = Mailbox<Token>()
    mailbox.put(Token(number: 1, graveyard: graveyard))
    _ = mailbox.take()
    mailbox.put(Token(number: 2, graveyard: graveyard))
    #expect(mailbox.dropCount == 0)
  }

  @Test func `what is put back is there again, unless a newer one came`() {
    let mailbox = Mailbox<Token>()
    mailbox.putBack(Token(number: 1, graveyard: graveyard))
    let back = number(of: mailbox.take(timeout: .zero))
    #expect(back == 1)
    mailbox.put(Token(number: 3, graveyard: graveyard))
    mailbox.putBack(Token(number: 2, graveyard: graveyard))
    #expect(mailbox.dropCount == 1)
    let newer = number(of: mailbox.take(timeout: .zero))
    #expect(newer == 3)
    mailbox.close()
    mailbox.putBack(Token(number: 4, graveyard: graveyard))
    let last = number(of: mailbox.take())
    #expect(last == 4 && mailbox.isFinished)
  }

  @Test func `a closed mailbox gives what is in it and then nothing`() {
    let mailbox = Mailbox<Token>()
    mailbox.put(Token(number: 1, graveyard: graveyard))
    mailbox.close()
    let accepted = mailbox.put(Token(number: 2, graveyard: graveyard))
    #expect(!accepted)
    #expect(!mailbox.isFinished)
    let last = number(of: mailbox.take())
    #expect(last == 1)
    let next = number(of: mailbox.take())
    #expect(next == nil)
    #expect(mailbox.isFinished)
    #expect(mailbox.dropCount == 0)
  }

  @Test func `closing wakes a waiting consumer`() throws {
    let mailbox = Mailbox<Token>()
    let graveyard = graveyard
    let thread = try DataPlaneThread(name: "consumer") {
      if mailbox.take() == nil { graveyard.bury(-1) }
    }
    mailbox.close()
    thread.join()
    #expect(graveyard.numbers == [-1])
  }

  @Test func `each element put by one thread is taken by another or counted as dropped`() throws {
    let mailbox = Mailbox<Token>()
    let graveyard = graveyard
    let taken = Graveyard()
    let consumer = try DataPlaneThread(name: "consumer") {
      while let token = mailbox.take() { taken.bury(token.number) }
    }
    for number in 0..<5000 { mailbox.put(Token(number: number, graveyard: graveyard)) }
    mailbox.close()
    consumer.join()
    #expect(taken.numbers == taken.numbers.sorted())
    #expect(taken.numbers.last == 4999)
    #expect(taken.numbers.count + Int(mailbox.dropCount) == 5000)
    #expect(graveyard.numbers.count == 5000)
  }
}
