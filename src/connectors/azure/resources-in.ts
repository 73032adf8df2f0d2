import type { AzureClient } from './azure-client.ts';
import { isResourceOf, withoutSlash } from './scopes.ts';

/** The ids of all resources of a type at or below a scope, page by page. */
export async function* resourcesIn(
  azure: AzureClient,
  scope: string,
  { type, api }: { readonly type: string; readonly api: string },
  signal: AbortSignal,
): AsyncIterable<string> {
  const above = withoutSlash(scope);
  if (isResourceOf(above, type)) {
    yield above;
    return;
  }
  const path = `${above}/providers/${type}?${api}`;
  for await (const page of azure.values('resource-manager', path, signal)) {
    for (const { id } of page as { id: string }[]) yield id;
  }
}
