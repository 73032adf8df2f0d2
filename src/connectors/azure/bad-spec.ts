/** A grant that its kind cannot be asked for as it stands; says what would pass. Nothing was sent. */
export class BadSpec extends Error {
  override readonly name = 'BadSpec';
}
