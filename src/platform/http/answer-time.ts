import type { FastifyReply } from 'fastify';

/**
 * Dates an answer (`Date`, RFC 9110 section 6.6.1) by the domain's time at which what it says of
 * records holds, in epoch milliseconds: clients reckon what is left of an exception from that, as
 * their own clock may be wrong.
 */
export function setAnswerTime(reply: FastifyReply, now: number): void {
  reply.header('date', new Date(now).toUTCString());
}
