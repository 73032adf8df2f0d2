import type { Connector } from '../../domain/enforcement/connector.ts';
import type { AzureClient } from './azure-client.ts';
import { exemptions } from './exemptions.ts';

/** Azure Policy exemptions: from an assignment, or from some policies of an assigned initiative. */
export function policyExemptions(azure: AzureClient): Connector {
  return exemptions(azure, 'policy-exemption');
}
