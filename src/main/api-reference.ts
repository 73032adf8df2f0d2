import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { completeDocument, nameSharedSchemas } from './api-document.ts';

/** The page's own scripts, styles and pictures; nothing from anywhere else. */
const REFERENCE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * `/openapi.json` from the same schemas that check requests, and `/docs`, which loads nothing from
 * outside: its scripts and styles come with the package that it is.
 */
export async function addApiReference(app: FastifyInstance, version: string): Promise<void> {
  nameSharedSchemas();
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Lapse',
        version,
        description:
          'A security exception register that ends every exception on time and can prove it.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description:
              'lapse_<tenant>_<secret>, or the token that a platform gives a workload; where the audience of that names no tenant, the header Lapse-Tenant does',
          },
        },
      },
      security: [{ bearer: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => completeDocument({ ...jsonSchemaTransformObject(document) }),
  });
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    transformStaticCSP: () => REFERENCE_CSP,
    theme: { title: 'Lapse API' },
    uiConfig: { validatorUrl: null, deepLinking: true, layout: 'BaseLayout' },
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
