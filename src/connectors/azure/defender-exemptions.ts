import type { Connector } from '../../domain/enforcement/connector.ts';
import type { AzureClient } from './azure-client.ts';
import { exemptions } from './exemptions.ts';

/**
 * Exemptions in Defender for Cloud: policy exemptions from single policies of a standard's assignment.
 * Its assessments take up to a day to show them, so presence is read from the exemption itself
 * (reference/azure.md, Defender for Cloud exemption).
 */
export function defenderExemptions(azure: AzureClient): Connector {
  return exemptions(azure, 'defender-exemption');
}
