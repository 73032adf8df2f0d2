/** Why a text is not YAML, and where; without the picture of the place that the parser draws below. */
export function yamlReason(error: unknown): string {
  const [first = ''] = (error as Error).message.split('\n');
  return first.replace(/:$/, '');
}
