// Swagger UI over this server's own description of its API; nothing is asked of another host.
SwaggerUIBundle({
  url: 'api/openapi.json',
  dom_id: '#docs',
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // The key is forgotten with the page.
  persistAuthorization: false,
  // It would be another host's.
  validatorUrl: null,
})
